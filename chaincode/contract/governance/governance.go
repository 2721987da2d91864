// Package governance is the contract of what the partners decide together: configuration, clock, parties,
// recipients of content keys, trust bundles. Read config.go first.
//
// Does not judge: packages consortium, party and signed do.
package governance

import (
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions are the contract's rows of the one table.
func Functions() []state.Function {
	return []state.Function{
		{Name: "governance:Propose", Call: state.Document(Propose), Roles: []string{party.Governor}, Writes: true},
		{Name: "governance:Approve", Call: state.One(Approve), Roles: []string{party.Governor}, Writes: true},
		{Name: "governance:Tick", Call: state.One(Tick), Roles: []string{party.Heartbeat}, Writes: true},
		{
			Name: "governance:RegisterParty", Call: state.Document(RegisterParty),
			Roles: []string{party.Governor}, Writes: true,
		},
		{
			Name: "governance:SetRecipient", Call: state.Document(SetRecipient),
			Roles: []string{party.Custodian, party.Registrar}, Writes: true,
		},
		{
			Name: "governance:PutBundle", Call: state.Document(PutBundle), Roles: []string{party.Governor},
			Writes: true,
		},
		{Name: "governance:Config", Call: state.One(Config)},
		{Name: "governance:Clock", Call: state.None(Clock)},
		{Name: "governance:Party", Call: state.One(Party)},
		{Name: "governance:Recipient", Call: state.One(Recipient)},
		{Name: "governance:Bundle", Call: state.One(Bundle)},
		{Name: "governance:SignRecipients", Call: state.One(SignRecipients)},
		{Name: "governance:Noop", Call: state.One(Noop)},
	}
}
