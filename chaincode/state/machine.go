package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
)

// Machine loads a machine.
func (t *Transaction) Machine(id string) (machine.Machine, error) {
	if err := ledger.CheckID(id); err != nil {
		return machine.Machine{}, err
	}
	return load[machine.Machine](t, machine.Key(id), machine.ErrUnknown)
}

// CreateMachine stores a machine and its empty shard.
func (t *Transaction) CreateMachine(m machine.Machine) error {
	if err := t.create(machine.Key(m.ID), m, machine.ErrKnown); err != nil {
		return err
	}
	return t.create(machine.ShardKey(m.Shard), machine.Shard{Machine: m.ID}, machine.ErrShard)
}

// Shard loads a machine's own counter of payment scripts.
func (t *Transaction) Shard(number uint32) (machine.Shard, error) {
	return load[machine.Shard](t, machine.ShardKey(number), machine.ErrUnknown)
}
