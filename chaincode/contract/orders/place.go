package orders

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Place records an order and derives the script that it is paid to. The same request under the same key of
// the client returns the same order again.
func Place(t *state.Transaction, r order.Request) (order.Order, error) {
	if err := r.Check(); err != nil {
		return order.Order{}, err
	}
	caller := t.Caller()
	before, known, err := t.FindOrder(order.ID(t.Channel(), caller.MSP, caller.Party, r.Key))
	if err != nil {
		return order.Order{}, err
	}
	if known {
		return before.Again(r)
	}
	basis, err := basisOf(t, r)
	if err != nil {
		return order.Order{}, err
	}
	o, shard, err := order.Place(basis)
	if err != nil {
		return order.Order{}, err
	}
	// the script follows from the treasury's public descriptor alone, so that every buyer can derive it
	// too (T21)
	config := t.Config()
	o.Script, o.Address, err = payment.CollectOf(config.Treasury.Descriptor, config.Bitcoin.Network, o.Shard,
		o.Number)
	if err != nil {
		return order.Order{}, err
	}
	if err := t.CreateOrder(o, shard); err != nil {
		return order.Order{}, err
	}
	return o, t.Event(ledger.EventOrderPlaced, o)
}

// basisOf loads the documents that order.Place needs.
func basisOf(t *state.Transaction, r order.Request) (order.Basis, error) {
	b := order.Basis{Request: r, Caller: t.Caller(), Channel: t.Channel(), Config: t.Config()}
	var err error
	if b.Epoch, err = t.Epoch(); err != nil {
		return b, err
	}
	if b.Machine, err = t.Machine(r.Machine); err != nil {
		return b, err
	}
	if b.Shard, err = t.Shard(b.Machine.Shard); err != nil {
		return b, err
	}
	if b.Offer, err = t.Offer(r.Offers[0]); err != nil {
		return b, err
	}
	if b.Manifest, err = t.Manifest(b.Offer.Dataset, b.Offer.Version); err != nil {
		return b, err
	}
	b.Final, err = t.IsFinal(b.Offer.Dataset, b.Offer.Version)
	return b, err
}
