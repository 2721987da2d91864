package contract

import (
	"maps"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// RecordGrant commits what custodians will sign, as the license's terms and the machine's TPM give it (T15).
func (c *Licenses) RecordGrant(t *Transaction, document string) (string, error) {
	return answer(c.recordGrant(t, document))
}

func (c *Licenses) recordGrant(t *Transaction, document string) (grant.Grant, error) {
	var r grant.Request
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return grant.Grant{}, err
	}
	l, m, err := t.holds(r.License)
	if err != nil {
		return grant.Grant{}, err
	}
	if err := undisputed(t, l.Order); err != nil {
		return grant.Grant{}, err
	}
	custodians, err := custodiansOf(t, l)
	if err != nil {
		return grant.Grant{}, err
	}
	history, err := grantHistory(t, l)
	if err != nil {
		return grant.Grant{}, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return grant.Grant{}, err
	}
	g, err := grant.From(r, grant.Basis{License: l, Machine: m, Custodians: custodians}, history, epoch)
	if err != nil {
		return grant.Grant{}, err
	}
	if err := t.create(grant.Key(g.License, g.Number), g, grant.ErrOpen); err != nil {
		return grant.Grant{}, err
	}
	open := grant.Open{License: g.License, Number: g.Number, Counter: g.Counter}
	if err := t.put(grant.OpenKey(g.Machine), open); err != nil {
		return grant.Grant{}, err
	}
	return g, t.event(ledger.EventGrantRecorded, g)
}

func undisputed(t *Transaction, orderID string) error {
	paid, err := payments(t, orderID)
	if err != nil {
		return err
	}
	disputed, err := isDisputed(t, paid)
	if err == nil && disputed {
		err = order.ErrDisputed.With(orderID)
	}
	return err
}

// custodiansOf reads the recipients of a license's custodians, in the order of its set.
func custodiansOf(t *Transaction, l license.License) ([]consortium.Recipient, error) {
	found, err := custodianRecipients(t)
	if err != nil {
		return nil, err
	}
	return grant.Custodians(slices.Collect(maps.Values(found)), l.Custodians)
}

func custodianRecipients(t *Transaction) (map[string]consortium.Recipient, error) {
	found := map[string]consortium.Recipient{}
	err := t.each(func(_ string, value []byte) error {
		var r consortium.Recipient
		if err := ledger.DecodeCanonical(value, &r); err != nil {
			return err
		}
		if r.Role == consortium.CustodianRecipient {
			found[r.MSP] = r
		}
		return nil
	}, consortium.RecipientFamily)
	return found, err
}

// grantHistory loads the machine's newest grant, whether both custodians have answered it, and whether the license
// had a grant before.
func grantHistory(t *Transaction, l license.License) (grant.History, error) {
	var h grant.History
	var open grant.Open
	var err error
	if h.Granted, err = t.has(grant.Key(l.ID, 1)); err != nil {
		return h, err
	}
	known, err := t.get(grant.OpenKey(l.Machine), &open)
	if err != nil || !known {
		return h, err
	}
	h.Newest = new(grant.Grant)
	if err := t.need(grant.Key(open.License, open.Number), h.Newest, grant.ErrUnknown); err != nil {
		return h, err
	}
	answers, err := answersOf(t, h.Newest)
	h.Answered = len(answers) == len(h.Newest.Pair)
	return h, err
}

// answersOf reads each custodian's answer by its own key, so that an answer and a newer grant in one block conflict.
func answersOf(t *Transaction, g *grant.Grant) ([]grant.Answer, error) {
	answers := []grant.Answer{}
	for _, msp := range g.Pair {
		var a grant.Answer
		ok, err := t.get(grant.AnswerKey(g.License, g.Number, msp), &a)
		if err != nil {
			return nil, err
		}
		if ok {
			answers = append(answers, a)
		}
	}
	return answers, nil
}

// GetGrant reads a license's n-th grant with its answers, "" for the newest.
func (c *Licenses) GetGrant(t *Transaction, id, number string) (string, error) {
	return answer(c.getGrant(t, id, number))
}

func (c *Licenses) getGrant(t *Transaction, id, number string) (grant.View, error) {
	var v grant.View
	if err := ledger.CheckID(id); err != nil {
		return v, err
	}
	var err error
	if number == "" {
		v.Grant, err = newestGrant(t, id)
	} else {
		var n int64
		if n, err = parseNumber(number); err == nil {
			err = t.need(grant.Key(id, int(n)), &v.Grant, grant.ErrUnknown)
		}
	}
	if err != nil {
		return v, err
	}
	v.Answers, err = answersOf(t, &v.Grant)
	return v, err
}

// newestGrant walks a license's grants, of which there is rarely more than one.
func newestGrant(t *Transaction, id string) (grant.Grant, error) {
	var newest grant.Grant
	err := t.each(func(_ string, value []byte) error {
		newest = grant.Grant{}
		return ledger.DecodeCanonical(value, &newest)
	}, grant.Family, id)
	if err == nil && newest.Number == 0 {
		err = grant.ErrUnknown.With(id)
	}
	return newest, err
}
