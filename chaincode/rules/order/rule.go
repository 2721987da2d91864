package order

import (
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Format is the order's.
const Format = "guildmark/order/1"

// day is a day of the daily cap, seconds.
const day = 24 * 3600

// Refusals about orders.
var (
	ErrRequest     = ledger.Refuse(ledger.Invalid, "order.invalid", "the request breaks a rule")
	ErrOneOffer    = ledger.Refuse(ledger.Invalid, "order.one_offer", "an order names exactly one offer")
	ErrAssurance   = ledger.Refuse(ledger.Forbidden, "order.assurance", "the offer does not admit a machine of this assurance")
	ErrDailyCap    = ledger.Refuse(ledger.Limit, "order.daily_cap", "the machine has ordered as much as it may today")
	ErrShardFull   = ledger.Refuse(ledger.Limit, "order.shard_full", "the machine has no payment script left")
	ErrKeyReused   = ledger.Refuse(ledger.Conflict, "order.key_reused", "the client's key names another order already")
	ErrUnknown     = ledger.Refuse(ledger.NotFound, "order.unknown", "no such order is on the ledger")
	ErrScript      = ledger.Refuse(ledger.Conflict, "order.script_taken", "the payment script belongs to another order")
	ErrOtherScript = ledger.Refuse(ledger.Invalid, "payment.other_script", "the transaction pays nothing to the order's script")
	ErrDust        = ledger.Refuse(ledger.Invalid, "payment.dust", "the transaction pays the order's script less than any node would relay")
	ErrKnown       = ledger.Refuse(ledger.Conflict, "payment.known", "the transaction's outputs are credited already")
	ErrForeignPay  = ledger.Refuse(ledger.Conflict, "payment.foreign", "the output is credited to another order")
	ErrNotFinal    = ledger.Refuse(ledger.Conflict, "payment.not_final", "the block is not the final one at this height")
	ErrDisputed    = ledger.Refuse(ledger.Conflict, "order.disputed", "a payment of the order is disputed")
)

// Check judges a request by itself.
func (r Request) Check() error {
	switch {
	case !ledger.Printable(r.Key, 64):
		return ErrRequest.With("a key that is not 1 to 64 printable characters")
	case len(r.Offers) != 1:
		return ErrOneOffer.With(strconv.Itoa(len(r.Offers)))
	}
	if err := ledger.CheckID(r.Machine); err != nil {
		return err
	}
	return ledger.CheckID(r.Offers[0])
}

// Repeats reports whether the order is what the request asks for, so that sending it again is harmless.
func (o *Order) Repeats(r Request) bool {
	return o.Machine == r.Machine && len(o.Items) == 1 && slices.Equal(r.Offers, []string{o.Items[0].Offer})
}

// Wish is all that placing an order is judged by.
type Wish struct {
	Request  Request
	Caller   party.Caller
	Channel  string
	Config   *consortium.Config
	Machine  machine.Machine
	Shard    machine.Shard
	Offer    offer.Offer
	Manifest dataset.Manifest
	Hash     string // SHA-256 of the manifest's bytes
	Final    bool   // all custodians have confirmed it
	Epoch    int64
}

// Place judges a wish and gives the order, still without its payment script, and the shard as it moves on.
func Place(w Wish) (Order, machine.Shard, error) {
	switch {
	case w.Machine.Owner != w.Caller.Party:
		return Order{}, w.Shard, machine.ErrOwner.With(w.Caller.Party)
	case !w.Final:
		return Order{}, w.Shard, dataset.ErrNotFinal.With(w.Offer.Dataset)
	case !slices.Contains(w.Offer.Assurance, w.Machine.Assurance):
		return Order{}, w.Shard, ErrAssurance.With(w.Machine.Assurance)
	}
	if err := royalty.Check(w.Offer.Price, w.Offer.Split); err != nil {
		return Order{}, w.Shard, err
	}
	next, err := advance(w)
	if err != nil {
		return Order{}, w.Shard, err
	}
	return Order{
		Format: Format, ID: ID(w.Channel, w.Caller.MSP, w.Caller.Party, w.Request.Key), Buyer: w.Caller.Party,
		Machine: w.Machine.ID, Price: w.Offer.Price, Descriptor: w.Config.Treasury.Version,
		Shard: w.Machine.Shard, Number: w.Shard.Next, Created: w.Epoch, Expires: w.Epoch + w.Config.Limits.OrderEpochs,
		Items: []Item{{
			Offer: w.Offer.ID, Dataset: w.Offer.Dataset, Version: w.Offer.Version, Manifest: w.Hash,
			Custodians: w.Manifest.Custodians, Model: w.Offer.Model, Price: w.Offer.Price, Split: w.Offer.Split,
		}},
	}, next, nil
}

// advance counts the order in its machine's shard: the next script's number, and the day's sum under the cap (T2).
func advance(w Wish) (machine.Shard, error) {
	s := w.Shard
	if s.Next > machine.MaxShard {
		return s, ErrShardFull
	}
	if today := w.Epoch * w.Config.Limits.EpochSeconds / day; today != s.Day {
		s.Day, s.Ordered = today, 0
	}
	if s.Ordered > w.Config.Limits.DailyCap-w.Offer.Price {
		return s, ErrDailyCap.With((s.Ordered + w.Offer.Price).String() + " of " + w.Config.Limits.DailyCap.String())
	}
	s.Ordered += w.Offer.Price
	s.Next++
	return s, nil
}
