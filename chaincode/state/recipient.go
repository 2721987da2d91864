package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// Recipient loads a recipient.
func (t *Transaction) Recipient(id string) (consortium.Recipient, error) {
	if !ledger.IsName(id) {
		return consortium.Recipient{}, consortium.ErrNoRecipient.With(id)
	}
	return load[consortium.Recipient](t, consortium.RecipientKey(id), consortium.ErrNoRecipient)
}

// Recipients lists all recipients by id.
func (t *Transaction) Recipients() ([]consortium.Recipient, error) {
	return list[consortium.Recipient](t, consortium.RecipientFamily)
}

// PutRecipient stores a recipient.
func (t *Transaction) PutRecipient(r consortium.Recipient) error {
	return t.put(consortium.RecipientKey(r.ID), r)
}
