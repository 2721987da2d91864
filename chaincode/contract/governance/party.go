package governance

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/state"
)

// RegisterParty records a party of the calling governor's home.
func RegisterParty(t *state.Transaction, p party.Party) (party.Party, error) {
	if err := party.Check(p); err != nil {
		return p, err
	}
	known, err := t.HasParty(p.ID)
	if err != nil {
		return p, err
	}
	if err := party.CheckRegistration(t.Caller(), p, t.Config().Homes, known); err != nil {
		return p, err
	}
	if err := t.PutParty(p); err != nil {
		return p, err
	}
	return p, t.Event(ledger.EventPartyRegistered, p)
}

// Party reads a party.
func Party(t *state.Transaction, id string) (party.Party, error) { return t.Party(id) }
