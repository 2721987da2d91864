package grant_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// public is a TPM's public area of a new key.
func public(t *testing.T, template tpm2.TPMTPublic) []byte {
	t.Helper()
	point, err := newKey(t).PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
		X: tpm2.TPM2BECCParameter{Buffer: point[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: point[33:]},
	})
	return tpm2.Marshal(template)
}

// TestCheckMachine: a machine's keys have the one form that custodians and the ledger judge by later (T14).
func TestCheckMachine(t *testing.T) {
	ak, srk := b64(public(t, tpmpolicy.SigningTemplate(true))), b64(public(t, tpm2.ECCSRKTemplate))
	token := b64(public(t, tpmpolicy.SigningTemplate(false)))
	for _, c := range []struct {
		name   string
		change func(*machine.Machine)
		want   error
	}{
		{"good", func(*machine.Machine) {}, nil},
		{"an AK that signs anything", func(m *machine.Machine) { m.AK = token }, tpmpolicy.ErrPublicAttributes},
		{"an SRK that signs", func(m *machine.Machine) { m.SRK = ak }, tpmpolicy.ErrPublicAttributes},
		{
			"a sign-in key that is restricted", func(m *machine.Machine) { m.Token = ak },
			tpmpolicy.ErrPublicAttributes,
		},
		{"an AK that is not base64", func(m *machine.Machine) { m.AK += "\n" }, machine.ErrInvalid},
		{
			"an SRK that is no public area", func(m *machine.Machine) { m.SRK = b64([]byte("x")) },
			tpmpolicy.ErrPublicMalformed,
		},
		{"another counter", func(m *machine.Machine) {
			m.Counter = "000b" +
				tpmpolicy.CounterName().Hex()[4:66] + "00"
		}, machine.ErrInvalid},
		{"no counter", func(m *machine.Machine) { m.Counter = "" }, machine.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := machine.Machine{AK: ak, SRK: srk, Token: token, Counter: tpmpolicy.CounterName().Hex()}
			c.change(&m)
			if err := grant.CheckMachine(m); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// releasing is a committed grant with all that its custodians' answers are judged by.
type releasing struct {
	t     *testing.T
	keys  map[string]*ecdsa.PrivateKey
	srk   []byte
	grant grant.Grant
	by    grant.Circumstances
}

// newReleasing is a grant for the pair (AMSP, CMSP) of the set (AMSP, BMSP, CMSP).
func newReleasing(t *testing.T) *releasing {
	t.Helper()
	r := &releasing{t: t, keys: map[string]*ecdsa.PrivateKey{}, srk: public(t, tpm2.ECCSRKTemplate)}
	l := license.License{
		ID: ledger.Hash("license"), Machine: ledger.Hash("machine"), Dataset: ledger.Hash("dataset"), Version: 1,
		Model: offer.Model{Kind: offer.ModelUses, Uses: 3}, Custodians: []string{"AMSP", "BMSP", "CMSP"},
	}
	l.Terms = license.TermsHash(l.Dataset, l.Version, l.Model)
	for _, msp := range l.Custodians {
		r.keys[msp] = newKey(t)
		r.by.Custodians = append(r.by.Custodians, r.recipient(msp, r.keys[msp]))
	}
	r.by.License = l
	keys, err := grant.SigningKeys(r.by.Custodians)
	if err != nil {
		t.Fatal(err)
	}
	x, err := tpmpolicy.NewIndex(tpmpolicy.FirstIndexHandle, keys, tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms))
	if err != nil {
		t.Fatal(err)
	}
	r.grant = grant.Grant{
		License: l.ID, Number: 1, Policy: hexOf(x.Policy), Nonce: b64(make([]byte, tpmpolicy.NonceSize)),
		Counter: 7, Limit: 3,
		Pair: []string{"AMSP", "CMSP"}, Request: grant.Request{Index: x.Handle},
	}
	return r
}

func hexOf(d tpmpolicy.Digest) string { return hex.EncodeToString(d[:]) }

func (r *releasing) recipient(msp string, key *ecdsa.PrivateKey) consortium.Recipient {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		r.t.Fatal(err)
	}
	return consortium.Recipient{
		Role: consortium.CustodianRecipient, MSP: msp, Party: msp + ".custodian",
		GrantKey: b64(der),
	}
}

// answer is the honest answer of the custodian msp, signed by the key of by and wrapped under the policy of
// half.
func (r *releasing) answer(msp, by, half string) grant.Answer {
	r.t.Helper()
	due, err := grant.DueOf(r.grant, r.by.License, r.by.Custodians, half)
	if err != nil {
		r.t.Fatal(err)
	}
	der, err := ecdsa.SignASN1(rand.Reader, r.keys[by], due.Limit[:])
	if err != nil {
		r.t.Fatal(err)
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, make([]byte, 32), r.srk, due.Policy)
	if err != nil {
		r.t.Fatal(err)
	}
	return grant.Answer{
		License: r.grant.License, Number: 1, MSP: msp, Signature: b64(der),
		Public: b64(blob.Public), Duplicate: b64(blob.Duplicate), Seed: b64(blob.Seed),
	}
}

// TestCheckAnswer: a custodian's answer permits the grant's limit and nothing more (T10, T15).
func TestCheckAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		caller string
		answer func(*releasing) grant.Answer
		change func(*releasing)
		want   error
	}{
		{"the lower custodian", "AMSP", func(r *releasing) grant.Answer {
			return r.answer("AMSP", "AMSP",
				"AMSP")
		}, nil, nil},
		{"the upper custodian", "CMSP", func(r *releasing) grant.Answer {
			return r.answer("CMSP", "CMSP",
				"CMSP")
		}, nil, nil},
		{
			"a custodian of the set, not of the pair", "BMSP",
			func(r *releasing) grant.Answer { return r.answer("BMSP", "BMSP", "AMSP") }, nil, grant.ErrNotInPair,
		},
		{"in another's name", "CMSP", func(r *releasing) grant.Answer {
			return r.answer("AMSP", "CMSP",
				"AMSP")
		}, nil, grant.ErrNotInPair},
		{
			"another party of the partner", "AMSP",
			func(r *releasing) grant.Answer { return r.answer("AMSP", "AMSP", "AMSP") },
			func(r *releasing) { r.by.Caller.Party = "AMSP.other" }, grant.ErrNotInPair,
		},
		{
			"there is a newer grant", "AMSP",
			func(r *releasing) grant.Answer { return r.answer("AMSP", "AMSP", "AMSP") },
			func(r *releasing) { r.by.Newer = true }, grant.ErrSuperseded,
		},
		{
			"a key was replaced since", "AMSP",
			func(r *releasing) grant.Answer { return r.answer("AMSP", "AMSP", "AMSP") },
			func(r *releasing) { r.by.Custodians[1] = r.recipient("BMSP", newKey(t)) }, grant.ErrKeysChanged,
		},
		{
			"signed by another custodian's key", "AMSP",
			func(r *releasing) grant.Answer { return r.answer("AMSP", "CMSP", "AMSP") }, nil,
			tpmpolicy.ErrLimitSignature,
		},
		{
			"a signature for another limit", "AMSP",
			func(r *releasing) grant.Answer { return r.answer("AMSP", "AMSP", "AMSP") },
			func(r *releasing) { r.grant.Limit = 4 }, tpmpolicy.ErrLimitSignature,
		},
		{
			"a signature for another session", "AMSP",
			func(r *releasing) grant.Answer { return r.answer("AMSP", "AMSP", "AMSP") },
			func(r *releasing) { r.grant.Nonce = b64([]byte("0123456789abcdef0123456789abcdef")) },
			tpmpolicy.ErrLimitSignature,
		},
		{
			"the lower half under the upper's policy: it would burn no use", "AMSP",
			func(r *releasing) grant.Answer { return r.answer("AMSP", "AMSP", "CMSP") }, nil,
			tpmpolicy.ErrSealedPolicy,
		},
		{"a half that is not base64", "AMSP", func(r *releasing) grant.Answer {
			a := r.answer("AMSP", "AMSP", "AMSP")
			a.Seed += "\n"
			return a
		}, nil, tpmpolicy.ErrBlobMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReleasing(t)
			r.by.Caller = party.Caller{MSP: c.caller, Party: c.caller + ".custodian", Role: party.Custodian}
			a := c.answer(r)
			if c.change != nil {
				c.change(r)
			}
			if err := grant.CheckAnswer(a, r.grant, r.by); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
