// Package machines is the contract of machines: the records of those that licenses are for.
//
// Does not judge: packages machine and grant do. Does not activate credentials: registrars and custodians do
// (T14).
package machines

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions are the contract's rows of the one table.
func Functions() []state.Function {
	return []state.Function{
		{Name: "machines:Register", Call: state.Document(Register), Roles: []string{party.Registrar}, Writes: true},
		{Name: "machines:Get", Call: state.One(Get)},
	}
}

// Register records a machine that the calling registrar has activated (T14).
func Register(t *state.Transaction, m machine.Machine) (machine.Machine, error) {
	if err := machine.Check(m, t.Config().Homes); err != nil {
		return m, err
	}
	if err := grant.CheckMachine(m); err != nil {
		return m, err
	}
	epoch, err := t.Epoch()
	if err != nil {
		return m, err
	}
	m.Registrar, m.Epoch = t.Caller().Party, epoch
	if err := t.CreateMachine(m); err != nil {
		return m, err
	}
	return m, t.Event(ledger.EventMachine, m)
}

// Get reads a machine.
func Get(t *state.Transaction, id string) (machine.Machine, error) { return t.Machine(id) }
