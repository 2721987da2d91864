package tpmpolicy_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// The program beside the vectors must still write exactly them: a policy that drifts strands grants in the
// field.
func TestVectorsAreFrozen(t *testing.T) {
	want, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "./testdata/make")
	cmd.Stderr = os.Stderr
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("testdata/make no longer writes testdata/vectors.json")
	}
}

// The TCG's formulas written out once more, from Part 3 (23.4 PolicySigned, 23.6 PolicyOR, 23.9 PolicyNV,
// 23.4 PolicySecret) and Part 1 (16.6 Names), without go-tpm.
func TestDigestsByHand(t *testing.T) {
	keys := custodians(t, 3)
	meter := tpmpolicy.Meter("m", "d", "t")
	var branches []byte
	for i := range keys {
		for j := i + 1; j < len(keys); j++ {
			d := make([]byte, 32)
			for _, k := range []*ecdsa.PublicKey{keys[i], keys[j]} {
				d = hash(hash(d, u32(0x160), custodianName(t, k)), meter[:])
			}
			branches = append(branches, d...)
		}
	}
	policy := hash(make([]byte, 32), u32(0x171), branches)
	index, err := tpmpolicy.NewIndex(0x018002FF, keys, meter)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "index policy", index.Policy[:], policy)
	for written, bit := range map[bool]uint32{false: 0, true: 1 << 29} {
		attributes := 9<<4 | 1<<3 | 1<<17 | 1<<25 | bit
		public := slices.Concat(u32(0x018002FF), u16(0x000B), u32(attributes), u16(32), policy, u16(8))
		name := index.Name(written)
		equal(t, "index name", name[:], append(u16(0x000B), hash(public)...))
	}
	counter := tpmpolicy.CounterName()
	half, err := tpmpolicy.CounterPolicy(counter, 6)
	if err != nil {
		t.Fatal(err)
	}
	arguments := hash([]byte{0, 0, 0, 0, 0, 0, 0, 7}, u16(0), u16(7))
	want := hash(make([]byte, 32), u32(0x149), arguments, counter[:])
	equal(t, "counter policy", half[:], want)
	use, err := tpmpolicy.UsePolicy(counter, 6, index, meter)
	if err != nil {
		t.Fatal(err)
	}
	name := index.Name(true)
	equal(t, "use policy", use[:], hash(hash(want, u32(0x151), name[:]), meter[:]))
	w, err := index.FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := w.CPHash()
	if err != nil {
		t.Fatal(err)
	}
	before := index.Name(false)
	wantCP := hash(u32(0x137), before[:], before[:], u16(8), []byte{0, 0, 0, 0, 0, 0, 0, 3}, u16(0))
	equal(t, "cpHash", cp[:], wantCP)
	nonce := bytes.Repeat([]byte{9}, 32)
	d, err := w.Digest(nonce, meter)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "limit digest", d[:], hash(nonce, u32(0), wantCP, meter[:]))
}

func custodianName(t *testing.T, k *ecdsa.PublicKey) []byte {
	t.Helper()
	point, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	public := slices.Concat(u16(0x0023), u16(0x000B), u32(1<<6|1<<18), u16(0), u16(0x0010), u16(0x0018), u16(0x000B),
		u16(0x0003), u16(0x0010), u16(32), point[1:33], u16(32), point[33:])
	return append(u16(0x000B), hash(public)...)
}

func hash(parts ...[]byte) []byte {
	h := sha256.Sum256(slices.Concat(parts...))
	return h[:]
}
func u16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func u32[T uint32 | int](v T) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(v))
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

func privates(t *testing.T, n int) []*ecdsa.PrivateKey {
	t.Helper()
	var all []*ecdsa.PrivateKey
	for i := range n {
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

func custodians(t *testing.T, n int) tpmpolicy.Custodians {
	t.Helper()
	var all tpmpolicy.Custodians
	for _, k := range privates(t, n) {
		all = append(all, &k.PublicKey)
	}
	return all
}

func TestCustodianSets(t *testing.T) {
	four := custodians(t, 5)
	p384, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), bytes.Repeat([]byte{1}, 48))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		set     tpmpolicy.Custodians
		wantErr error
	}{
		{"two", four[:2], nil},
		{"four", four[:4], nil},
		{"none", nil, tpmpolicy.ErrCustodianSet},
		{"one", four[:1], tpmpolicy.ErrCustodianSet},
		{"five have too many pairs", four, tpmpolicy.ErrCustodianSet},
		{"one in two places", tpmpolicy.Custodians{four[0], four[0]}, tpmpolicy.ErrCustodianSet},
		{"a missing key", tpmpolicy.Custodians{four[0], nil}, tpmpolicy.ErrCustodianSet},
		{"another curve", tpmpolicy.Custodians{four[0], &p384.PublicKey}, tpmpolicy.ErrCustodianSet},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.set.Policy(tpmpolicy.MeterID{1}); !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
		})
	}
}

// Everything that belongs to a meter depends on all that defines it.
func TestDigestsDependOnTheirTerms(t *testing.T) {
	keys := custodians(t, 3)
	meter := tpmpolicy.Meter("m", "d", "t")
	base, err := keys.Policy(meter)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]func() (tpmpolicy.Digest, error){
		"machine":    func() (tpmpolicy.Digest, error) { return keys.Policy(tpmpolicy.Meter("m2", "d", "t")) },
		"dataset":    func() (tpmpolicy.Digest, error) { return keys.Policy(tpmpolicy.Meter("m", "d2", "t")) },
		"terms":      func() (tpmpolicy.Digest, error) { return keys.Policy(tpmpolicy.Meter("m", "d", "t2")) },
		"custodians": func() (tpmpolicy.Digest, error) { return keys[:2].Policy(meter) },
		"their order": func() (tpmpolicy.Digest, error) {
			return tpmpolicy.Custodians{keys[1], keys[0], keys[2]}.Policy(meter)
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := other()
			if err != nil || got == base {
				t.Errorf("got the same policy (%v)", err)
			}
		})
	}
}

func TestRangesOfIndexAndLimit(t *testing.T) {
	keys := custodians(t, 2)
	meter := tpmpolicy.Meter("m", "d", "t")
	index, err := tpmpolicy.NewIndex(tpmpolicy.FirstIndexHandle, keys, meter)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, 32)
	for _, c := range []struct {
		name    string
		do      func() error
		wantErr error
	}{
		{"first handle", func() error { return nil }, nil},
		{
			"handle below", func() error { _, err := tpmpolicy.NewIndex(0x018001FF, keys, meter); return err },
			tpmpolicy.ErrIndexHandle,
		},
		{
			"handle above", func() error { _, err := tpmpolicy.NewIndex(0x01800300, keys, meter); return err },
			tpmpolicy.ErrIndexHandle,
		},
		{"no uses", func() error { _, err := index.FirstLimit(0); return err }, tpmpolicy.ErrLimit},
		{"negative", func() error { _, err := index.FirstLimit(-1); return err }, tpmpolicy.ErrLimit},
		{"too many", func() error { _, err := index.NewLimit(1 << 31); return err }, tpmpolicy.ErrLimit},
		{"close", func() error { _, err := index.NewLimit(0); return err }, nil},
		{"short nonce", func() error {
			w, _ := index.NewLimit(0)
			_,
				err := w.Digest(nonce[1:], meter)
			return err
		}, tpmpolicy.ErrLimit},
		{"pair turned round", func() error { return keys.CheckPair(1, 0) }, tpmpolicy.ErrPair},
		{"pair of one", func() error { return keys.CheckPair(0, 0) }, tpmpolicy.ErrPair},
		{"pair outside", func() error { return keys.CheckPair(0, 2) }, tpmpolicy.ErrPair},
		{
			"last counter", func() error { _, err := tpmpolicy.NextCounter(1<<64 - 1); return err },
			tpmpolicy.ErrCounterEnd,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.do(); !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
		})
	}
}

func TestLimitSignatures(t *testing.T) {
	keys := privates(t, 3)
	meter := tpmpolicy.Meter("m", "d", "t")
	index, err := tpmpolicy.NewIndex(tpmpolicy.FirstIndexHandle, custodians(t, 3), meter)
	if err != nil {
		t.Fatal(err)
	}
	w, err := index.FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := w.Digest(make([]byte, 32), meter)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := ecdsa.SignASN1(nil, keys[0], digest[:])
	if err != nil {
		t.Fatal(err)
	}
	other := digest
	other[0] ^= 1
	for _, c := range []struct {
		name    string
		key     *ecdsa.PublicKey
		digest  tpmpolicy.Digest
		sig     []byte
		wantErr error
	}{
		{"good", &keys[0].PublicKey, digest, sig, nil},
		{"another custodian", &keys[1].PublicKey, digest, sig, tpmpolicy.ErrLimitSignature},
		{"another limit", &keys[0].PublicKey, other, sig, tpmpolicy.ErrLimitSignature},
		{"no signature", &keys[0].PublicKey, digest, nil, tpmpolicy.ErrLimitSignature},
		{"bytes after it", &keys[0].PublicKey, digest, append(bytes.Clone(sig), 0), tpmpolicy.ErrLimitSignature},
		{"no key", nil, digest, sig, tpmpolicy.ErrCustodianSet},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := tpmpolicy.VerifyLimit(c.key, c.digest, c.sig); !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
		})
	}
}

func TestSealedPublics(t *testing.T) {
	policy := tpmpolicy.Digest{1, 2, 3}
	good := tpm2.Marshal(tpm2.New2B(tpmpolicy.SealedPublic(policy, tpmpolicy.Digest{9})))
	edit := func(change func(*tpm2.TPMTPublic)) []byte {
		area := tpmpolicy.SealedPublic(policy, tpmpolicy.Digest{9})
		change(&area)
		return tpm2.Marshal(tpm2.New2B(area))
	}
	for _, c := range []struct {
		name    string
		public  []byte
		wantErr error
	}{
		{"good", good, nil},
		{"empty", nil, tpmpolicy.ErrSealedMalformed},
		{"cut", good[:len(good)-1], tpmpolicy.ErrSealedMalformed},
		{"bytes after", append(bytes.Clone(good), 0), tpmpolicy.ErrSealedMalformed},
		{
			"opens by password", edit(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.UserWithAuth = true }),
			tpmpolicy.ErrSealedMalformed,
		},
		{
			"a key", edit(func(p *tpm2.TPMTPublic) { p.ObjectAttributes.SignEncrypt = true }),
			tpmpolicy.ErrSealedMalformed,
		},
		{"no policy", edit(func(p *tpm2.TPMTPublic) { p.AuthPolicy.Buffer = nil }), tpmpolicy.ErrSealedMalformed},
		{
			"short policy", edit(func(p *tpm2.TPMTPublic) { p.AuthPolicy.Buffer = make([]byte, 20) }),
			tpmpolicy.ErrSealedMalformed,
		},
		{"SHA-1 name", edit(func(p *tpm2.TPMTPublic) { p.NameAlg = tpm2.TPMAlgSHA1 }), tpmpolicy.ErrSealedMalformed},
		{"another policy", edit(func(p *tpm2.TPMTPublic) { p.AuthPolicy.Buffer[0] ^= 1 }), tpmpolicy.ErrSealedPolicy},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := tpmpolicy.CheckSealed(c.public, policy); !errors.Is(err, c.wantErr) {
				t.Errorf("got %v, want %v", err, c.wantErr)
			}
		})
	}
}

func TestNames(t *testing.T) {
	good := tpmpolicy.CounterName().Hex()
	if n, err := tpmpolicy.ParseName(good); err != nil || n != tpmpolicy.CounterName() {
		t.Errorf("got %v, %v", n, err)
	}
	for name, text := range map[string]string{
		"empty": "", "short": good[:66], "long": good + "00", "upper case": hex.EncodeToString([]byte{0, 11}) +
			"AB" + good[6:],
		"SHA-1": "0004" + good[4:], "not hex": "zz" + good[2:],
	} {
		if _, err := tpmpolicy.ParseName(text); !errors.Is(err, tpmpolicy.ErrName) {
			t.Errorf("%s: got %v, want %v", name, err, tpmpolicy.ErrName)
		}
	}
}

// The public areas in words and the Names computed from bits are one thing.
func TestNamesAreThoseOfThePublicAreas(t *testing.T) {
	index, err := tpmpolicy.NewIndex(tpmpolicy.FirstIndexHandle, custodians(t, 2), tpmpolicy.Meter("m", "d", "t"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		got  tpmpolicy.Name
		area tpm2.TPMSNVPublic
	}{
		{"index, unwritten", index.Name(false), index.Public(false)},
		{"index, written", index.Name(true), index.Public(true)},
		{"counter, unwritten", tpmpolicy.UnwrittenCounterName(), tpmpolicy.CounterPublic(false)},
		{"counter, written", tpmpolicy.CounterName(), tpmpolicy.CounterPublic(true)},
	} {
		want, err := tpm2.NVName(&c.area)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, c.name, c.got[:], want.Buffer)
	}
}

// Vectors is read by the test in machine/tpm too; here only its shape is kept honest.
func TestVectorsParse(t *testing.T) {
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Sets []struct{ Limits []any } `json:"sets"`
	}
	if err := json.Unmarshal(b, &v); err != nil || len(v.Sets) != 3 || len(v.Sets[0].Limits) != 3 {
		t.Errorf("got %d sets, %v", len(v.Sets), err)
	}
}
