package tpmpolicy_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math/big"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

func FuzzParsePublic(f *testing.F) {
	r := recorded(f)
	for _, b := range [][]byte{r.Keys.AK, r.Keys.SRK, r.Keys.Token, nil} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := tpmpolicy.ParsePublic(b)
		if err != nil {
			if !errors.Is(err, tpmpolicy.ErrPublicMalformed) {
				t.Fatalf("got %v", err)
			}
			return
		}
		// What we read, go-tpm reads too, and writes back as the same bytes.
		area, err := tpm2.Unmarshal[tpm2.TPMTPublic](b)
		if err != nil {
			t.Fatalf("go-tpm doesn't read it: %v", err)
		}
		name, err := tpm2.ObjectName(area)
		if err != nil {
			t.Fatal(err)
		}
		if n := p.Name(); !bytes.Equal(name.Buffer, n[:]) {
			t.Errorf("got name %x, go-tpm %x", n, name.Buffer)
		}
	})
}

func FuzzAttestation(f *testing.F) {
	r := recorded(f)
	fg := newForger(f)
	s, err := tpmpolicy.NewSigner(fg.ak, fg.srk)
	if err != nil {
		f.Fatal(err)
	}
	for _, a := range r.Attests {
		f.Add(a.Attest, a.Signature)
	}
	f.Fuzz(func(t *testing.T, attest, signature []byte) {
		as := tpmpolicy.Attestation{Attest: attest, Signature: signature}
		if _, err := s.Time(as, r.Extra); err == nil {
			t.Error("an attestation by nobody was accepted")
		}
		// Signed by the forger, the parsers behind the signature run too; they must only not panic.
		as = fg.sign(t, attest)
		_, _ = s.Time(as, r.Extra)
		_, _ = s.Counter(as, tpmpolicy.CounterName(), r.Extra)
		_ = s.CertifySRK(as, r.Extra)
	})
}

func FuzzParseSealed(f *testing.F) {
	f.Add(tpm2.Marshal(tpm2.New2B(tpmpolicy.SealedPublic(tpmpolicy.Digest{1}, tpmpolicy.Digest{2}))))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := tpmpolicy.ParseSealed(b)
		if err == nil {
			if _, err := tpmpolicy.CheckSealed(b, s.Policy); err != nil {
				t.Error(err)
			}
		} else if !errors.Is(err, tpmpolicy.ErrSealedMalformed) {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzCheckBlob(f *testing.F) {
	r := recorded(f)
	b, err := tpmpolicy.Wrap(rand.Reader, []byte("secret"), r.Keys.SRK, tpmpolicy.Digest{1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Public, b.Duplicate, b.Seed)
	f.Fuzz(func(_ *testing.T, public, duplicate, seed []byte) {
		_, _ = tpmpolicy.CheckBlob(tpmpolicy.Blob{Public: public, Duplicate: duplicate, Seed: seed},
			tpmpolicy.Digest{1})
	})
}

func FuzzParseEndorsement(f *testing.F) {
	f.Add(recorded(f).EK)
	f.Add([]byte{0x30, 0x82, 0, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		if e, _, err := tpmpolicy.ParseEndorsement(der); err == nil && e.Key.N.Cmp(big.NewInt(0)) == 0 {
			t.Error("a key of zero")
		}
	})
}
