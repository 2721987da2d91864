package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Party loads a party.
func (t *Transaction) Party(id string) (party.Party, error) {
	if !ledger.IsParty(id) {
		return party.Party{}, party.ErrUnknown.With(id)
	}
	return load[party.Party](t, party.RecordKey(id), party.ErrUnknown)
}

// HasParty reports whether a party is registered.
func (t *Transaction) HasParty(id string) (bool, error) { return t.has(party.RecordKey(id)) }

// PutParty stores a party.
func (t *Transaction) PutParty(p party.Party) error { return t.put(party.RecordKey(p.ID), p) }
