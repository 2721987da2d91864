package grant

import (
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Answer is a custodian's part of a grant; key answer/<license>/<n>/<msp>, create-only. All of it is
// ciphertext or a signature: nothing to hide.
type Answer struct {
	License   string `json:"license"`
	Number    int    `json:"number"`
	MSP       string `json:"msp"`
	Signature string `json:"signature"` // base64 DER ECDSA over the limit digest (tpmpolicy)
	Public    string `json:"public"`    // base64 TPM2B_PUBLIC of the sealed half
	Duplicate string `json:"duplicate"` // base64 TPM2B_PRIVATE
	Seed      string `json:"seed"`      // base64 TPM2B_ENCRYPTED_SECRET
}

// Blob reads the wrapped half's bytes.
func (a Answer) Blob() (tpmpolicy.Blob, error) {
	var b tpmpolicy.Blob
	for _, part := range []struct {
		text string
		to   *[]byte
	}{{a.Public, &b.Public}, {a.Duplicate, &b.Duplicate}, {a.Seed, &b.Seed}} {
		var err error
		if *part.to, err = ledger.Base64(part.text); err != nil {
			return b, tpmpolicy.ErrBlobMalformed.With("not base64")
		}
	}
	return b, nil
}

// Circumstances are what an answer to a grant is judged by, beside the grant itself.
type Circumstances struct {
	License    license.License
	Custodians []consortium.Recipient // of the license's custodian set, in its order, as they are now
	Caller     party.Caller           // who brings the answer
	Newer      bool                   // the license has a newer grant
}

// CheckAnswer judges a custodian's answer to a committed grant (T15): it comes from a custodian of the
// grant's pair, its signature permits exactly the grant's limit, and its wrapped half demands the full policy
// of the license's terms.
func CheckAnswer(a Answer, g Grant, c Circumstances) error {
	i := slices.IndexFunc(c.Custodians, func(r consortium.Recipient) bool { return r.MSP == a.MSP })
	switch {
	case c.Newer:
		return ErrSuperseded.With("an answer to grant " + strconv.Itoa(g.Number))
	case a.MSP != c.Caller.MSP || !slices.Contains(g.Pair, a.MSP):
		return ErrNotInPair.With(c.Caller.MSP)
	case i < 0 || c.Custodians[i].Party != c.Caller.Party:
		return ErrNotInPair.With(c.Caller.Party)
	}
	due, err := DueOf(g, c.License, c.Custodians, a.MSP)
	if err != nil {
		return err
	}
	signature, err := ledger.Base64(a.Signature)
	if err != nil {
		return tpmpolicy.ErrLimitSignature.With("not base64")
	}
	key, err := c.Custodians[i].SigningKey()
	if err != nil {
		return err
	}
	if err := tpmpolicy.VerifyLimit(key, due.Limit, signature); err != nil {
		return err
	}
	blob, err := a.Blob()
	if err != nil {
		return err
	}
	_, err = tpmpolicy.CheckBlob(blob, due.Policy)
	return err
}

// Due is what a custodian of the pair releases for a grant, and what its answer is checked by.
type Due struct {
	// to be signed: this limit, in this session of this TPM, on an index that was never written
	Limit  tpmpolicy.Digest
	Policy tpmpolicy.Digest // that the wrapped half demands
}

// DueOf computes what the custodian msp of the grant's pair releases, from the license's terms and the
// custodians' keys of now. The lower custodian's half burns a use; the upper's only demands that the counter
// has moved, so that a use burns one (T10).
func DueOf(g Grant, l license.License, custodians []consortium.Recipient, msp string) (Due, error) {
	place := slices.Index(g.Pair, msp)
	if place < 0 {
		return Due{}, ErrNotInPair.With(msp)
	}
	m, err := meterOf(l, custodians, g.Request.Index)
	if err != nil {
		return Due{}, err
	}
	if m.policy() != g.Policy {
		return Due{}, ErrKeysChanged
	}
	var d Due
	if d.Limit, err = m.limit(g); err != nil {
		return Due{}, err
	}
	if place == 0 {
		d.Policy, err = tpmpolicy.UsePolicy(tpmpolicy.CounterName(), g.Counter, m.index, m.id)
	} else {
		d.Policy, err = tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), g.Counter)
	}
	return d, err
}
