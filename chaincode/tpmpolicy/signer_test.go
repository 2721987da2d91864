package tpmpolicy_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// recording is what machine/tpm/testdata/record wrote.

type recording struct {
	Root    string                           `json:"root"`
	Issuer  string                           `json:"issuer"`
	EK      []byte                           `json:"ek"`
	Keys    struct{ SRK, AK, Token []byte }  `json:"keys"`
	Extra   []byte                           `json:"extra"`
	Attests map[string]tpmpolicy.Attestation `json:"attests"`
}

func recorded(tb testing.TB) recording {
	tb.Helper()
	b, err := os.ReadFile("testdata/attested.json")
	if err != nil {
		tb.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(b, &r); err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestRecordedAttestations(t *testing.T) {
	r := recorded(t)
	s, err := tpmpolicy.NewSigner(r.Keys.AK, r.Keys.SRK)
	if err != nil {
		t.Fatal(err)
	}
	verify := map[string]func(tpmpolicy.Attestation, []byte) error{
		"srk": s.CertifySRK,
		"token": func(a tpmpolicy.Attestation, x []byte) error {
			_, err := s.CertifyToken(a, r.Keys.Token, x)
			return err
		},
		"counter": func(a tpmpolicy.Attestation, x []byte) error {
			_, err := s.Counter(a, tpmpolicy.CounterName(), x)
			return err
		},
		"time": func(a tpmpolicy.Attestation, x []byte) error { _, err := s.Time(a, x); return err },
	}
	for name, check := range verify {
		t.Run(name, func(t *testing.T) {
			good := r.Attests[name]
			if err := check(good, r.Extra); err != nil {
				t.Fatal(err)
			}
			if err := check(good, []byte("another question")); !errors.Is(err, tpmpolicy.ErrAttestExtra) {
				t.Errorf("another question: got %v", err)
			}
			for i := range good.Attest {
				bad := tpmpolicy.Attestation{Attest: bytes.Clone(good.Attest), Signature: good.Signature}
				bad.Attest[i] ^= 1
				if check(bad, r.Extra) == nil {
					t.Errorf("byte %d of the attestation can be changed", i)
				}
			}
			for i := range good.Signature {
				bad := tpmpolicy.Attestation{Attest: good.Attest, Signature: bytes.Clone(good.Signature)}
				bad.Signature[i] ^= 1
				if check(bad, r.Extra) == nil {
					t.Errorf("byte %d of the signature can be changed", i)
				}
			}
			for other, a := range r.Attests {
				if other != name && check(a, r.Extra) == nil {
					t.Errorf("%s passes for %s", other, name)
				}
			}
		})
	}
	// The counter that nothing incremented but provisioning.
	if v, err := s.Counter(r.Attests["counter"], tpmpolicy.CounterName(), r.Extra); err != nil || v != 1 {
		t.Errorf("got %d, %v, want 1", v, err)
	}
	tm, err := s.Time(r.Attests["time"], r.Extra)
	if err != nil || !tm.Safe || tm.ResetCount == 0 || tm.ResetCount > 100 {
		t.Errorf("got %+v, %v", tm, err)
	}
}

func TestKeysAreWhatTheyAreShownAs(t *testing.T) {
	r := recorded(t)
	edit := func(raw []byte, attributes byte) []byte {
		b := bytes.Clone(raw)
		b[7] ^= attributes // lowest byte of objectAttributes: fixedTPM 0x02, fixedParent 0x10, origin 0x20
		return b
	}
	for _, c := range []struct {
		name    string
		ak, srk []byte
		wantErr error
	}{
		{"good", r.Keys.AK, r.Keys.SRK, nil},
		{"an unrestricted key signs anything", r.Keys.Token, r.Keys.SRK, tpmpolicy.ErrPublicAttributes},
		{"not fixed to its TPM", edit(r.Keys.AK, 0x02), r.Keys.SRK, tpmpolicy.ErrPublicAttributes},
		{"not fixed to its parent", edit(r.Keys.AK, 0x10), r.Keys.SRK, tpmpolicy.ErrPublicAttributes},
		{"made outside", edit(r.Keys.AK, 0x20), r.Keys.SRK, tpmpolicy.ErrPublicAttributes},
		{"AK as SRK", r.Keys.AK, r.Keys.AK, tpmpolicy.ErrPublicAttributes},
		{"SRK as AK", r.Keys.SRK, r.Keys.SRK, tpmpolicy.ErrPublicAttributes},
		{"SRK duplicable", r.Keys.AK, edit(r.Keys.SRK, 0x12), tpmpolicy.ErrPublicAttributes},
		{"empty", nil, r.Keys.SRK, tpmpolicy.ErrPublicMalformed},
		{"cut", r.Keys.AK[:len(r.Keys.AK)-1], r.Keys.SRK, tpmpolicy.ErrPublicMalformed},
		{"bytes after", append(bytes.Clone(r.Keys.AK), 0), r.Keys.SRK, tpmpolicy.ErrPublicMalformed},
		{
			"point off the curve", func() []byte { b := bytes.Clone(r.Keys.AK); b[len(b)-1] ^= 1; return b }(),
			r.Keys.SRK, tpmpolicy.ErrPublicMalformed,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := tpmpolicy.NewSigner(c.ak, c.srk); !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
		})
	}
}

// forger is an attestation key in software: it can say what no TPM would.

type forger struct {
	key     *ecdsa.PrivateKey
	ak, srk []byte
	place   []byte
}

func newForger(tb testing.TB) forger {
	tb.Helper()
	f := forger{srk: recorded(tb).Keys.SRK}
	var err error
	if f.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		tb.Fatal(err)
	}
	point, err := f.key.PublicKey.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	area := tpmpolicy.SigningTemplate(true)
	area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
		X: tpm2.TPM2BECCParameter{Buffer: point[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: point[33:]},
	})
	f.ak = tpm2.Marshal(area)
	f.place = under(under(u32(0x40000001), f.srk), f.ak)
	return f
}

func under(parent, public []byte) []byte {
	return append(u16(11), hash(parent, u16(11), hash(public))...)
}

func (f forger) sign(tb testing.TB, attest []byte) tpmpolicy.Attestation {
	tb.Helper()
	digest := sha256.Sum256(attest)
	r, s, err := ecdsa.Sign(rand.Reader, f.key, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	sig := slices.Concat(u16(0x18), u16(0xB), sized(r.FillBytes(make([]byte, 32))),
		sized(s.FillBytes(make([]byte, 32))))
	return tpmpolicy.Attestation{Attest: attest, Signature: sig}
}

func sized(b []byte) []byte { return append(u16(uint16(len(b))), b...) }

func head(kind uint16, place, extra []byte) []byte {
	return slices.Concat(u32(0xFF544347), u16(kind), sized(place), sized(extra), make([]byte, 8+4+4), []byte{1},
		make([]byte, 8))
}

func TestAttestationsOfAMeter(t *testing.T) {
	f := newForger(t)
	s, err := tpmpolicy.NewSigner(f.ak, f.srk)
	if err != nil {
		t.Fatal(err)
	}
	index, err := tpmpolicy.NewIndex(tpmpolicy.FirstIndexHandle, custodians(t, 2), tpmpolicy.Meter("m", "d", "t"))
	if err != nil {
		t.Fatal(err)
	}
	name, old, extra := index.Name(true), index.Name(false), []byte("job 7")
	state := []byte{0, 0, 0, 2, 0, 0, 0, 3}
	nv := func(n []byte, offset uint16, contents []byte) []byte {
		return slices.Concat(sized(n), u16(offset), sized(contents))
	}
	other := newForger(t)
	for _, c := range []struct {
		name    string
		attest  []byte
		by      forger
		wantErr error
	}{
		{"good", slices.Concat(head(0x8014, f.place, extra), nv(name[:], 0, state)), f, nil},
		{
			"another index", slices.Concat(head(0x8014, f.place, extra), nv(old[:], 0, state)), f,
			tpmpolicy.ErrAttestName,
		},
		{
			"only the limit", slices.Concat(head(0x8014, f.place, extra), nv(name[:], 4, state[4:])), f,
			tpmpolicy.ErrAttestContents,
		},
		{
			"a part", slices.Concat(head(0x8014, f.place, extra), nv(name[:], 0, state[:4])), f,
			tpmpolicy.ErrAttestContents,
		},
		{
			"bytes after", slices.Concat(head(0x8014, f.place, extra), nv(name[:], 0, state), []byte{0}), f,
			tpmpolicy.ErrAttestMalformed,
		},
		{"a quote", slices.Concat(head(0x8018, f.place, extra), nv(name[:], 0, state)), f, tpmpolicy.ErrAttestType},
		{
			"another question", slices.Concat(head(0x8014, f.place, []byte("job 8")), nv(name[:], 0, state)), f,
			tpmpolicy.ErrAttestExtra,
		},
		{
			"the endorsement hierarchy survives a clear",
			slices.Concat(head(0x8014, under(under(u32(0x4000000B), f.srk), f.ak), extra),
				nv(name[:], 0, state)), f, tpmpolicy.ErrAttestSigner,
		},
		{
			"another key", slices.Concat(head(0x8014, f.place, extra), nv(name[:], 0, state)), other,
			tpmpolicy.ErrAttestSignature,
		},
		{
			"not made by a TPM", append([]byte{0},
				slices.Concat(head(0x8014, f.place, extra), nv(name[:], 0, state))[1:]...), f,
			tpmpolicy.ErrAttestMalformed,
		},
		{"empty", nil, f, tpmpolicy.ErrAttestMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.Pin(c.by.sign(t, c.attest), name, extra)
			if !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
			if err == nil && got != (tpmpolicy.Pin{Count: 2, Limit: 3}) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A TPM signs what it is given through a key that isn't restricted: only AK attributes keep TPM_GENERATED
// honest.

func TestCertifyNeedsTheRightPlace(t *testing.T) {
	f := newForger(t)
	s, err := tpmpolicy.NewSigner(f.ak, f.srk)
	if err != nil {
		t.Fatal(err)
	}
	token := recorded(t).Keys.Token
	name := append(u16(11), hash(token)...)
	good := under(under(u32(0x40000001), f.srk), token)
	elsewhere := under(u32(0x40000001), token)
	for _, c := range []struct {
		name    string
		place   []byte
		wantErr error
	}{{"under the SRK", good, nil}, {"beside it", elsewhere, tpmpolicy.ErrAttestName}} {
		t.Run(c.name, func(t *testing.T) {
			a := f.sign(t, slices.Concat(head(0x8017, f.place, nil), sized(name), sized(c.place)))
			if _, err := s.CertifyToken(a, token, nil); !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
		})
	}
}

func TestEndorsementCertificates(t *testing.T) {
	r := recorded(t)
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(r.Root)) || !intermediates.AppendCertsFromPEM([]byte(r.Issuer)) {
		t.Fatal("no chain recorded")
	}
	_, cert, err := tpmpolicy.ParseEndorsement(r.EK)
	if err != nil {
		t.Fatal(err)
	}
	now := cert.NotBefore.Add(time.Hour)
	for _, c := range []struct {
		name    string
		der     []byte
		roots   *x509.CertPool
		at      time.Time
		wantErr error
	}{
		{"good", r.EK, roots, now, nil},
		{"padded", append(bytes.Clone(r.EK), 0xFF, 0xFF), roots, now, nil},
		{"bytes after", append(bytes.Clone(r.EK), 1), roots, now, tpmpolicy.ErrEKMalformed},
		{"cut", r.EK[:len(r.EK)-1], roots, now, tpmpolicy.ErrEKMalformed},
		{"empty", nil, roots, now, tpmpolicy.ErrEKMalformed},
		{"another root", r.EK, intermediates, now, nil}, // the issuer itself trusted: fine
		{"no root", r.EK, x509.NewCertPool(), now, tpmpolicy.ErrEKChain},
		{"too early", r.EK, roots, cert.NotBefore.Add(-time.Hour), tpmpolicy.ErrEKChain},
		{
			"changed", func() []byte { b := bytes.Clone(r.EK); b[len(b)-1] ^= 1; return b }(), roots, now,
			tpmpolicy.ErrEKChain,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := tpmpolicy.VerifyEndorsement(c.der, c.roots, intermediates, c.at)
			if !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
			if err == nil && (e.Manufacturer != "id:00001014" || e.Model != "swtpm" || e.Key == nil) {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestWrapRefuses(t *testing.T) {
	r := recorded(t)
	for _, c := range []struct {
		name    string
		secret  []byte
		srk     []byte
		wantErr error
	}{
		{"good", make([]byte, 32), r.Keys.SRK, nil},
		{"no secret", nil, r.Keys.SRK, tpmpolicy.ErrSecret},
		{"long secret", make([]byte, 33), r.Keys.SRK, tpmpolicy.ErrSecret},
		{"not a storage key", make([]byte, 32), r.Keys.AK, tpmpolicy.ErrPublicAttributes},
		{"no key", make([]byte, 32), nil, tpmpolicy.ErrPublicMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := tpmpolicy.Wrap(rand.Reader, c.secret, c.srk, tpmpolicy.Digest{5})
			if !errors.Is(err, c.wantErr) {
				t.Fatalf("got %v, want %v", err, c.wantErr)
			}
			if err != nil {
				return
			}
			if _, err := tpmpolicy.CheckBlob(b, tpmpolicy.Digest{5}); err != nil {
				t.Error(err)
			}
			if _, err := tpmpolicy.CheckBlob(b, tpmpolicy.Digest{6}); !errors.Is(err, tpmpolicy.ErrSealedPolicy) {
				t.Errorf("got %v, want %v", err, tpmpolicy.ErrSealedPolicy)
			}
			b.Seed = b.Seed[:len(b.Seed)-1]
			if _, err := tpmpolicy.CheckBlob(b, tpmpolicy.Digest{5}); !errors.Is(err, tpmpolicy.ErrBlobMalformed) {
				t.Errorf("got %v, want %v", err, tpmpolicy.ErrBlobMalformed)
			}
		})
	}
}
