package contract

import (
	"encoding/hex"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// AnswerGrant records a custodian's signature over the limit and its wrapped half, after checking both against the
// committed grant (T15).
func (c *Licenses) AnswerGrant(t *Transaction, document string) (string, error) {
	return answer(c.answerGrant(t, document))
}

func (c *Licenses) answerGrant(t *Transaction, document string) (grant.Answer, error) {
	var a grant.Answer
	if err := ledger.Decode([]byte(document), &a); err != nil {
		return a, err
	}
	if err := ledger.CheckID(a.License); err != nil {
		return a, err
	}
	if a.Number < 1 {
		return a, grant.ErrUnknown
	}
	var g grant.Grant
	if err := t.need(grant.Key(a.License, a.Number), &g, grant.ErrUnknown); err != nil {
		return a, err
	}
	newer, err := t.has(grant.Key(a.License, a.Number+1))
	if err != nil {
		return a, err
	}
	if newer {
		return a, grant.ErrSuperseded
	}
	if err := checkAnswer(t, a, g); err != nil {
		return a, err
	}
	if err := t.create(grant.AnswerKey(a.License, a.Number, a.MSP), a, grant.ErrTwice); err != nil {
		return a, err
	}
	return a, t.event(ledger.EventGrantAnswered, a)
}

func checkAnswer(t *Transaction, a grant.Answer, g grant.Grant) error {
	place := -1
	for i, msp := range g.Pair {
		if msp == a.MSP && msp == t.caller.MSP {
			place = i
		}
	}
	if place < 0 {
		return grant.ErrNotInPair.With(t.caller.MSP)
	}
	l, err := loadLicense(t, g.License)
	if err != nil {
		return err
	}
	if err := undisputed(t, l.Order); err != nil {
		return err // the payment's block can have left the chain since the grant was recorded
	}
	keys, recipients, err := custodians(t, l.Custodians)
	if err != nil {
		return err
	}
	if recipients[a.MSP].Party != t.caller.Party {
		return grant.ErrNotInPair.With(t.caller.Party)
	}
	meter := tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms)
	index, err := tpmpolicy.NewIndex(g.Request.Index, keys, meter)
	if err != nil {
		return err
	}
	if hex.EncodeToString(index.Policy[:]) != g.Policy {
		return grant.ErrKeysChanged
	}
	if err := checkLimit(a, g, index, meter, recipients[a.MSP]); err != nil {
		return err
	}
	return checkHalf(a, g, index, meter, place)
}

// checkLimit checks the custodian's signature over the write of the limit.
func checkLimit(a grant.Answer, g grant.Grant, index tpmpolicy.Index, meter tpmpolicy.MeterID, r consortium.Recipient) error {
	write, err := index.FirstLimit(g.Limit)
	if err != nil {
		return err
	}
	nonce, err := ledger.Base64(g.Nonce)
	if err != nil {
		return grant.ErrNonce
	}
	digest, err := write.Digest(nonce, meter)
	if err != nil {
		return err
	}
	signature, err := ledger.Base64(a.Signature)
	if err != nil {
		return tpmpolicy.ErrLimitSignature.With("not base64")
	}
	key, err := r.SigningKey()
	if err != nil {
		return err
	}
	return tpmpolicy.VerifyLimit(key, digest, signature)
}

// checkHalf checks that the wrapped half demands the full policy of the terms: the lower custodian's burns a use, the
// upper's only demands that the counter has moved, so that a use burns one (T10).
func checkHalf(a grant.Answer, g grant.Grant, index tpmpolicy.Index, meter tpmpolicy.MeterID, place int) error {
	policy, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), g.Counter)
	if place == 0 {
		policy, err = tpmpolicy.UsePolicy(tpmpolicy.CounterName(), g.Counter, index, meter)
	}
	if err != nil {
		return err
	}
	var blob tpmpolicy.Blob
	for _, part := range []struct {
		text string
		to   *[]byte
	}{{a.Public, &blob.Public}, {a.Duplicate, &blob.Duplicate}, {a.Seed, &blob.Seed}} {
		if *part.to, err = ledger.Base64(part.text); err != nil {
			return tpmpolicy.ErrBlobMalformed.With("not base64")
		}
	}
	_, err = tpmpolicy.CheckBlob(blob, policy)
	return err
}
