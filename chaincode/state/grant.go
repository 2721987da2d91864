package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
)

// Grant loads a license's n-th grant, from 1.
func (t *Transaction) Grant(license string, n int) (grant.Grant, error) {
	if err := ledger.CheckID(license); err != nil {
		return grant.Grant{}, err
	}
	return load[grant.Grant](t, grant.Key(license, n), grant.ErrUnknown)
}

// HasGrant reports whether a license has an n-th grant.
func (t *Transaction) HasGrant(license string, n int) (bool, error) {
	return t.has(grant.Key(license, n))
}

// NewestGrant loads a license's newest grant. It reads all of them, of which there is rarely more than one.
func (t *Transaction) NewestGrant(license string) (grant.Grant, error) {
	if err := ledger.CheckID(license); err != nil {
		return grant.Grant{}, err
	}
	all, err := list[grant.Grant](t, grant.Family, license)
	if err != nil {
		return grant.Grant{}, err
	}
	if len(all) == 0 {
		return grant.Grant{}, grant.ErrUnknown.With(license)
	}
	return all[len(all)-1], nil
}

// Answers lists the answers to a grant. It reads each custodian's by its own key, so that an answer and a
// newer grant in one block conflict.
func (t *Transaction) Answers(g *grant.Grant) ([]grant.Answer, error) {
	answers := []grant.Answer{}
	for _, msp := range g.Pair {
		a, ok, err := find[grant.Answer](t, grant.AnswerKey(g.License, g.Number, msp))
		if err != nil {
			return nil, err
		}
		if ok {
			answers = append(answers, a)
		}
	}
	return answers, nil
}

// GrantHistory loads what a grant of a license for its machine is judged by: the machine's newest grant,
// whether both of its custodians have answered, and whether the license had a grant before.
func (t *Transaction) GrantHistory(license, machine string) (grant.History, error) {
	var h grant.History
	var err error
	if h.Granted, err = t.has(grant.Key(license, 1)); err != nil {
		return h, err
	}
	open, known, err := find[grant.Open](t, grant.OpenKey(machine))
	if err != nil || !known {
		return h, err
	}
	newest, err := load[grant.Grant](t, grant.Key(open.License, open.Number), grant.ErrUnknown)
	if err != nil {
		return h, err
	}
	answers, err := t.Answers(&newest)
	h.Newest, h.Answered = &newest, len(answers) == len(newest.Pair)
	return h, err
}

// CreateGrant stores a grant as its machine's newest.
func (t *Transaction) CreateGrant(g grant.Grant) error {
	if err := t.create(grant.Key(g.License, g.Number), g, grant.ErrOpen); err != nil {
		return err
	}
	open := grant.Open{License: g.License, Number: g.Number, Counter: g.Counter}
	return t.put(grant.OpenKey(g.Machine), open)
}

// CreateAnswer stores a custodian's answer to a grant.
func (t *Transaction) CreateAnswer(a grant.Answer) error {
	return t.create(grant.AnswerKey(a.License, a.Number, a.MSP), a, grant.ErrTwice)
}
