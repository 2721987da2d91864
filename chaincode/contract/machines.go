package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Machines are those that licenses are for.
type Machines struct{ contractapi.Contract }

// Register records a machine that the calling registrar has activated (T14).
func (c *Machines) Register(t *Transaction, document string) (string, error) {
	return answer(c.register(t, document))
}

func (c *Machines) register(t *Transaction, document string) (machine.Machine, error) {
	var m machine.Machine
	if err := ledger.Decode([]byte(document), &m); err != nil {
		return m, err
	}
	if err := machine.Check(m, t.config.Homes); err != nil {
		return m, err
	}
	if err := checkKeys(m); err != nil {
		return m, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return m, err
	}
	m.Registrar, m.Epoch = t.caller.Party, epoch
	if err := t.create(machine.Key(m.ID), m, machine.ErrKnown); err != nil {
		return m, err
	}
	if err := t.create(machine.ShardKey(m.Shard), machine.Shard{Machine: m.ID}, machine.ErrShard); err != nil {
		return m, err
	}
	return m, t.event(ledger.EventMachine, m)
}

// checkKeys demands public areas of the one form that custodians and the ledger can judge later.
func checkKeys(m machine.Machine) error {
	for _, k := range []struct {
		text  string
		parse func([]byte) (tpmpolicy.Public, error)
	}{{m.AK, tpmpolicy.ParseAK}, {m.SRK, tpmpolicy.ParseSRK}, {m.Token, tpmpolicy.ParseToken}} {
		raw, err := ledger.Base64(k.text)
		if err != nil {
			return machine.ErrInvalid.With("a key that is not base64")
		}
		if _, err := k.parse(raw); err != nil {
			return err
		}
	}
	if m.Counter != tpmpolicy.CounterName().Hex() {
		return machine.ErrInvalid.With("counter " + m.Counter)
	}
	return nil
}

// Get reads a machine.
func (c *Machines) Get(t *Transaction, id string) (string, error) {
	return answer(loadMachine(t, id))
}

func loadMachine(t *Transaction, id string) (machine.Machine, error) {
	var m machine.Machine
	if err := ledger.CheckID(id); err != nil {
		return m, err
	}
	return m, t.need(machine.Key(id), &m, machine.ErrUnknown)
}
