package contract

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
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
	l, err := loadLicense(t, g.License)
	if err != nil {
		return err
	}
	if err := undisputed(t, l.Order); err != nil {
		return err // the payment's block can have left the chain since the grant was recorded
	}
	custodians, err := custodiansOf(t, l)
	if err != nil {
		return err
	}
	return grant.CheckAnswer(a, g, grant.Circumstances{License: l, Custodians: custodians, Caller: t.caller})
}
