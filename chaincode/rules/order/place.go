package order

import (
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// day is a day of the daily cap, seconds.
const day = 24 * 3600

// Request is what a buyer sends to orders:Place.
type Request struct {
	Key     string   `json:"key"` // idempotency key of the client, 1 to 64 printable ASCII
	Machine string   `json:"machine"`
	Offers  []string `json:"offers"` // exactly one in this version
}

// Check judges a request by itself.
func (r Request) Check() error {
	switch {
	case !ledger.Printable(r.Key, 64):
		return ErrRequest.Field("key", r.Key, "1 to 64 printable characters")
	case len(r.Offers) != 1:
		return ErrOneOffer.Field("offers", len(r.Offers), "1")
	}
	if err := ledger.CheckID(r.Machine); err != nil {
		return err
	}
	return ledger.CheckID(r.Offers[0])
}

// Again returns the order that the client's key made before, provided that the request is the same: so
// sending a request again is harmless.
func (o Order) Again(r Request) (Order, error) {
	if o.Machine != r.Machine || len(o.Items) != 1 || !slices.Equal(r.Offers, []string{o.Items[0].Offer}) {
		return Order{}, ErrKeyReused.With(r.Key)
	}
	return o, nil
}

// Basis is all that [Place] reads: the request, its caller, and the documents that it names.
type Basis struct {
	Request  Request
	Caller   party.Caller
	Channel  string
	Config   *consortium.Config
	Machine  machine.Machine
	Shard    machine.Shard
	Offer    offer.Offer
	Manifest dataset.Manifest
	Final    bool // all custodians have confirmed the version
	Epoch    int64
}

// Place judges a request. It returns the order, still without its payment script, and the machine's shard
// with the next number and the day's new sum.
func Place(b Basis) (Order, machine.Shard, error) {
	if err := checkBasis(b); err != nil {
		return Order{}, b.Shard, err
	}
	next, err := advance(b)
	if err != nil {
		return Order{}, b.Shard, err
	}
	return Order{
		Format: Format, ID: ID(b.Channel, b.Caller.MSP, b.Caller.Party, b.Request.Key), Buyer: b.Caller.Party,
		Machine: b.Machine.ID, Price: b.Offer.Price, Descriptor: b.Config.Treasury.Version,
		Shard: b.Machine.Shard, Number: b.Shard.Next, Created: b.Epoch, Expires: b.Epoch +
			b.Config.Limits.OrderEpochs,
		Items: []Item{{
			Offer: b.Offer.ID, Dataset: b.Offer.Dataset, Version: b.Offer.Version,
			Manifest:   ledger.Digest(ledger.Encode(b.Manifest)),
			Custodians: b.Manifest.Custodians, Model: b.Offer.Model, Price: b.Offer.Price, Split: b.Offer.Split,
		}},
	}, next, nil
}

func checkBasis(b Basis) error {
	if err := b.Machine.CheckOwner(b.Caller.Party); err != nil {
		return err
	}
	switch {
	case !b.Final:
		return dataset.ErrNotFinal.With(b.Offer.Dataset)
	case !slices.Contains(b.Offer.Assurance, b.Machine.Assurance):
		return ErrAssurance.Field("assurance", b.Machine.Assurance, strings.Join(b.Offer.Assurance, " or "))
	}
	return royalty.Check(b.Offer.Price, b.Offer.Split)
}

// advance counts the order in its machine's shard: the next script's number, and the day's sum under the cap
// (T2).
func advance(b Basis) (machine.Shard, error) {
	s, limits := b.Shard, b.Config.Limits
	if s.Next > machine.MaxShard {
		return s, ErrShardFull.Field("number", s.Next, "2147483647 at most")
	}
	if today := b.Epoch * limits.EpochSeconds / day; today != s.Day {
		s.Day, s.Ordered = today, 0
	}
	if s.Ordered > limits.DailyCap-b.Offer.Price {
		return s, ErrDailyCap.Field("sum of the day", s.Ordered+b.Offer.Price, limits.DailyCap.String()+" at most")
	}
	s.Ordered += b.Offer.Price
	s.Next++
	return s, nil
}
