package licenses

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/state"
)

// RecordGrant commits what custodians will sign, as the license's terms and the machine's TPM give it (T15).
func RecordGrant(t *state.Transaction, r grant.Request) (grant.Grant, error) {
	l, m, err := held(t, r.License)
	if err != nil {
		return grant.Grant{}, err
	}
	if err := undisputed(t, l); err != nil {
		return grant.Grant{}, err
	}
	custodians, err := custodiansOf(t, l)
	if err != nil {
		return grant.Grant{}, err
	}
	history, err := t.GrantHistory(l.ID, l.Machine)
	if err != nil {
		return grant.Grant{}, err
	}
	epoch, err := t.Epoch()
	if err != nil {
		return grant.Grant{}, err
	}
	g, err := grant.From(r, grant.Basis{License: l, Machine: m, Custodians: custodians}, history, epoch)
	if err != nil {
		return grant.Grant{}, err
	}
	if err := t.CreateGrant(g); err != nil {
		return grant.Grant{}, err
	}
	return g, t.Event(ledger.EventGrantRecorded, g)
}

// AnswerGrant records a custodian's signature over the limit and its wrapped half, both judged by the
// committed grant (T15).
func AnswerGrant(t *state.Transaction, a grant.Answer) (grant.Answer, error) {
	g, err := t.Grant(a.License, a.Number)
	if err != nil {
		return a, err
	}
	c := grant.Circumstances{Caller: t.Caller()}
	if c.Newer, err = t.HasGrant(g.License, g.Number+1); err != nil {
		return a, err
	}
	if c.License, err = t.License(g.License); err != nil {
		return a, err
	}
	if err := undisputed(t, c.License); err != nil {
		return a, err // a payment's block can have left the chain since the grant was recorded
	}
	if c.Custodians, err = custodiansOf(t, c.License); err != nil {
		return a, err
	}
	if err := grant.CheckAnswer(a, g, c); err != nil {
		return a, err
	}
	if err := t.CreateAnswer(a); err != nil {
		return a, err
	}
	return a, t.Event(ledger.EventGrantAnswered, a)
}

// undisputed demands that no payment of a license's order is disputed.
func undisputed(t *state.Transaction, l license.License) error {
	credits, err := t.Credits(l.Order)
	if err != nil {
		return err
	}
	return credits.CheckUndisputed(l.Order)
}

// custodiansOf loads the recipients of a license's custodians, in the order of its set.
func custodiansOf(t *state.Transaction, l license.License) ([]consortium.Recipient, error) {
	all, err := t.Recipients()
	if err != nil {
		return nil, err
	}
	return grant.Custodians(all, l.Custodians)
}

// GetGrant reads a license's n-th grant with its answers, "" for the newest.
func GetGrant(t *state.Transaction, id, number string) (grant.View, error) {
	g, err := find(t, id, number)
	if err != nil {
		return grant.View{}, err
	}
	answers, err := t.Answers(&g)
	return grant.View{Grant: g, Answers: answers}, err
}

func find(t *state.Transaction, id, number string) (grant.Grant, error) {
	if number == "" {
		return t.NewestGrant(id)
	}
	n, err := ledger.ParseDecimal(number)
	if err != nil {
		return grant.Grant{}, err
	}
	return t.Grant(id, int(n))
}
