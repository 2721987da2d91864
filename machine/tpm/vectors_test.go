package tpm_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
)

// vectors are tpmpolicy's frozen ones, as far as a TPM can confirm them.
type vectors struct {
	Private []string `json:"private"`
	Handle  uint32   `json:"handle"`
	Counter uint64   `json:"counter"`
	Name    string   `json:"counterName"`
	HalfB   string   `json:"counterPolicy"`
	Sets    []struct {
		Custodians int      `json:"custodians"`
		Branches   []string `json:"branches"`
		Policy     string   `json:"policy"`
		Unwritten  string   `json:"unwritten"`
		Written    string   `json:"written"`
		HalfA      string   `json:"usePolicy"`
		Token      string   `json:"tokenPolicy"`
	} `json:"sets"`
}

// The frozen digests and Names are what the TPM itself computes: in trial sessions, from its own public
// areas, and by accepting a signed limit.
func TestVectorsAgreeWithTheTPM(t *testing.T) {
	b, err := os.ReadFile("../../chaincode/tpmpolicy/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	var keys []*ecdsa.PrivateKey
	var all tpmpolicy.Custodians
	for _, p := range v.Private {
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), unhex(t, p))
		if err != nil {
			t.Fatal(err)
		}
		keys, all = append(keys, k), append(all, &k.PublicKey)
	}
	meter := tpmpolicy.Meter("machine", "dataset", "terms")
	c := dial(t, start(t, "first"))
	m := enroll(t, c)
	same(t, "counter name", nvName(t, c, tpmpolicy.CounterHandle), v.Name)
	same(t, "counter policy", trial(t, c,
		func(s tpm2.Session) error { return checkCounter(c, s, v.Counter+1) }), v.HalfB)
	for _, set := range v.Sets {
		n := set.Custodians
		index, err := tpmpolicy.NewIndex(v.Handle, all[:n], meter)
		if err != nil {
			t.Fatal(err)
		}
		define(t, c, index)
		same(t, "unwritten name", nvName(t, c, v.Handle), set.Unwritten)
		same(t, "last branch", trial(t, c,
			func(s tpm2.Session) error { return signed(c, s, nil, meter, all[n-2], all[n-1]) }),
			set.Branches[len(set.Branches)-1])
		same(t, "index policy", trial(t, c, func(s tpm2.Session) error {
			if err := signed(c, s, nil, meter, all[n-2], all[n-1]); err != nil || n == 2 {
				return err
			}
			var list []tpmpolicy.Digest
			for _, h := range set.Branches {
				list = append(list, tpmpolicy.Digest(unhex(t, h)))
			}
			_, err := tpm2.PolicyOr{PolicySession: s.Handle(), PHashList: tpmpolicy.DigestList(list)}.Execute(c)
			return err
		}), set.Policy)
		writeLimit(t, c, m, index, meter, keys[:n], set.Branches)
		same(t, "written name", nvName(t, c, v.Handle), set.Written)
		same(t, "use policy", trial(t, c, func(s tpm2.Session) error {
			if err := checkCounter(c, s, v.Counter+1); err != nil {
				return err
			}
			return burn(c, s, index, meter)
		}), set.HalfA)
		same(t, "token policy", trial(t, c, func(s tpm2.Session) error { return burn(c, s, index, meter) }),
			set.Token)
		undefine(t, c, index)
	}
	wantLoaded(t, c, 0)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: the TPM says %s, the vector %s", what, got, want)
	}
}

func nvName(t *testing.T, c transport.TPM, handle uint32) string {
	t.Helper()
	rsp, err := tpm2.NVReadPublic{NVIndex: tpm2.TPMHandle(handle)}.Execute(c)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(rsp.NVName.Buffer)
}

// trial runs policy commands in a trial session and gives the TPM's digest.
func trial(t *testing.T, c transport.TPM, commands func(tpm2.Session) error) string {
	t.Helper()
	s, closeSession, err := tpm2.PolicySession(c, tpm2.TPMAlgSHA256, 16, tpm2.Trial())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closeSession(); err != nil {
			t.Error(err)
		}
	}()
	if err := commands(s); err != nil {
		t.Fatal(err)
	}
	rsp, err := tpm2.PolicyGetDigest{PolicySession: s.Handle()}.Execute(c)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(rsp.PolicyDigest.Buffer)
}

func checkCounter(c transport.TPM, s tpm2.Session, next uint64) error {
	check := tpmpolicy.CounterCheck(tpmpolicy.CounterName(), next)
	check.AuthHandle, check.PolicySession = tpm2.TPMRHOwner, s.Handle()
	_, err := check.Execute(c)
	return err
}

func burn(c transport.TPM, s tpm2.Session, x tpmpolicy.Index, meter tpmpolicy.MeterID) error {
	name := x.Name(true)
	_, err := tpm2.PolicySecret{
		AuthHandle: tpm2.AuthHandle{
			Handle: tpm2.TPMHandle(x.Handle), Name: tpm2.TPM2BName{Buffer: name[:]}, Auth: tpm2.PasswordAuth(nil),
		},
		PolicySession: s.Handle(), PolicyRef: tpm2.TPM2BNonce{Buffer: meter[:]},
	}.Execute(c)
	return err
}

// signed runs PolicySigned for each key; a nil sign gives zeros, which a trial session takes.
func signed(c transport.TPM, s tpm2.Session, sign func(*ecdsa.PublicKey) tpm2.PolicySigned,
	meter tpmpolicy.MeterID, keys ...*ecdsa.PublicKey,
) error {
	for _, k := range keys {
		area, err := tpmpolicy.CustodianPublic(k)
		if err != nil {
			return err
		}
		loaded, err := tpm2.LoadExternal{InPublic: tpm2.New2B(area), Hierarchy: tpm2.TPMRHNull}.Execute(c)
		if err != nil {
			return err
		}
		cmd := tpm2.PolicySigned{Auth: ecdsaSignature(big.NewInt(1), big.NewInt(1))}
		if sign != nil {
			cmd = sign(k)
		}
		cmd.AuthObject = tpm2.NamedHandle{Handle: loaded.ObjectHandle, Name: loaded.Name}
		cmd.PolicySession, cmd.PolicyRef = s.Handle(), tpm2.TPM2BNonce{Buffer: meter[:]}
		_, err = cmd.Execute(c)
		if _, flushErr := (tpm2.FlushContext{FlushHandle: loaded.ObjectHandle}).Execute(c); flushErr != nil {
			return flushErr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func ecdsaSignature(r, s *big.Int) tpm2.TPMTSignature {
	return tpm2.TPMTSignature{
		SigAlg: tpm2.TPMAlgECDSA,
		Signature: tpm2.NewTPMUSignature(tpm2.TPMAlgECDSA, &tpm2.TPMSSignatureECC{
			Hash:       tpm2.TPMAlgSHA256,
			SignatureR: tpm2.TPM2BECCParameter{Buffer: r.FillBytes(make([]byte, 32))},
			SignatureS: tpm2.TPM2BECCParameter{Buffer: s.FillBytes(make([]byte, 32))},
		}),
	}
}

func define(t *testing.T, c transport.TPM, x tpmpolicy.Index) {
	t.Helper()
	_, err := tpm2.NVDefineSpace{AuthHandle: tpm2.TPMRHOwner, PublicInfo: tpm2.New2B(x.Public(false))}.Execute(c)
	if err != nil {
		t.Fatal(err)
	}
}

func undefine(t *testing.T, c transport.TPM, x tpmpolicy.Index) {
	t.Helper()
	name := x.Name(true)
	_, err := tpm2.NVUndefineSpace{
		AuthHandle: tpm2.TPMRHOwner,
		NVIndex:    tpm2.NamedHandle{Handle: tpm2.TPMHandle(x.Handle), Name: tpm2.TPM2BName{Buffer: name[:]}},
	}.Execute(c)
	if err != nil {
		t.Fatal(err)
	}
}

// writeLimit has the last two custodians allow three uses.
func writeLimit(t *testing.T, c transport.TPM, m *tpm.TPM, x tpmpolicy.Index, meter tpmpolicy.MeterID,
	keys []*ecdsa.PrivateKey, branches []string,
) {
	t.Helper()
	s, err := m.GrantSession()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(c); err != nil {
			t.Error(err)
		}
	}()
	w, err := x.FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := w.Digest(bytes.Clone(s.Nonce()), meter)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := w.CPHash()
	if err != nil {
		t.Fatal(err)
	}
	pair := keys[len(keys)-2:]
	err = signed(c, s, func(k *ecdsa.PublicKey) tpm2.PolicySigned {
		private := pair[0]
		if k.Equal(&pair[1].PublicKey) {
			private = pair[1]
		}
		r, sv, err := ecdsa.Sign(nil, private, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return tpm2.PolicySigned{
			NonceTPM: tpm2.TPM2BNonce{Buffer: s.Nonce()}, CPHashA: tpm2.TPM2BDigest{Buffer: cp[:]},
			Auth: ecdsaSignature(r, sv),
		}
	}, meter, &pair[0].PublicKey, &pair[1].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if len(branches) > 1 {
		var list []tpmpolicy.Digest
		for _, h := range branches {
			list = append(list, tpmpolicy.Digest(unhex(t, h)))
		}
		if _, err := (tpm2.PolicyOr{
			PolicySession: s.Handle(),
			PHashList:     tpmpolicy.DigestList(list),
		}).Execute(c); err != nil {
			t.Fatal(err)
		}
	}
	s.End()
	if _, err := w.Command(s).Execute(c); err != nil {
		t.Fatal(err)
	}
}
