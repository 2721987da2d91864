package order_test

import (
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

const buyer = "OperatorMSP.0123456789abcdef"

func TestRequestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*order.Request)
		want *ledger.Refusal
		saw  string
	}{
		{"as it is", func(*order.Request) {}, nil, ""},
		{"no key", func(r *order.Request) { r.Key = "" }, order.ErrRequest, "key"},
		{"a key of 64 characters", func(r *order.Request) { r.Key = strings.Repeat("k", 64) }, nil, ""},
		{
			"a key of 65 characters", func(r *order.Request) { r.Key = strings.Repeat("k", 65) }, order.ErrRequest,
			"key",
		},
		{"no offer", func(r *order.Request) { r.Offers = nil }, order.ErrOneOffer, "offers 0, expected 1"},
		{
			"two offers", func(r *order.Request) { r.Offers = append(r.Offers, ledger.Hash("other")) },
			order.ErrOneOffer, "offers 2",
		},
		{"a machine that is no id", func(r *order.Request) { r.Machine = "x" }, ledger.ErrID, "x"},
		{"an offer that is no id", func(r *order.Request) { r.Offers = []string{"x"} }, ledger.ErrID, "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := order.Request{Key: "k", Machine: ledger.Hash("machine"), Offers: []string{ledger.Hash("offer")}}
			c.edit(&r)
			ledgertest.Refused(t, r.Check(), c.want, c.saw)
		})
	}
}

// placing is what a good order is placed by: epoch 1,440 is the first of day 10.
func placing() order.Basis {
	m := machine.Machine{ID: ledger.Hash("machine"), Owner: buyer, Shard: 4711, Assurance: "tpm"}
	return order.Basis{
		Request: order.Request{Key: "k", Machine: m.ID, Offers: []string{ledger.Hash("offer")}},
		Caller:  party.Caller{MSP: "OperatorMSP", Party: buyer, Role: party.Buyer}, Channel: "market",
		Config: &consortium.Config{
			Treasury: consortium.Treasury{Version: 3},
			Limits:   consortium.Limits{DailyCap: 10_000, OrderEpochs: 144, EpochSeconds: 600},
		},
		Machine: m, Shard: machine.Shard{Machine: m.ID, Next: 5, Day: 10, Ordered: 1_000},
		Offer: offer.Offer{
			ID: ledger.Hash("offer"), Dataset: ledger.Hash("dataset"), Version: 2,
			Model: offer.Model{Kind: offer.ModelUses, Uses: 3},
			Price: 5_000, Assurance: []string{"tpm"}, Split: royalty.Terms{
				Commission: royalty.Commission{Max: 100, Payee: buyer}, Residual: buyer,
			},
		},
		Manifest: dataset.Manifest{Dataset: ledger.Hash("dataset"), Version: 2, Custodians: []string{"AMSP", "BMSP"}},
		Final:    true, Epoch: 1_440,
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(*order.Basis)
		shard machine.Shard // as it moves on
		want  *ledger.Refusal
		saw   string
	}{
		{"as it is", func(*order.Basis) {}, machine.Shard{Next: 6, Day: 10, Ordered: 6_000}, nil, ""},
		{
			"the first of a day", func(b *order.Basis) { b.Epoch = 1_584 },
			machine.Shard{Next: 6, Day: 11, Ordered: 5_000},
			nil, "",
		},
		{
			"up to the daily cap", func(b *order.Basis) { b.Shard.Ordered = 5_000 },
			machine.Shard{Next: 6, Day: 10, Ordered: 10_000},
			nil, "",
		},
		{
			"above the daily cap", func(b *order.Basis) { b.Shard.Ordered = 5_001 },
			machine.Shard{},
			order.ErrDailyCap, "10001 sat, expected 10000 sat at most",
		},
		{
			"above the daily cap of yesterday", func(b *order.Basis) { b.Shard.Ordered, b.Shard.Day = 5_001, 9 },
			machine.Shard{Next: 6, Day: 10, Ordered: 5_000},
			nil, "",
		},
		{
			"a price above the daily cap", func(b *order.Basis) { b.Offer.Price = 10_001 },
			machine.Shard{},
			order.ErrDailyCap, "11001 sat",
		},
		{
			"the last script", func(b *order.Basis) { b.Shard.Next = machine.MaxShard },
			machine.Shard{Next: machine.MaxShard + 1, Day: 10, Ordered: 6_000},
			nil, "",
		},
		{
			"no script left", func(b *order.Basis) { b.Shard.Next = machine.MaxShard + 1 },
			machine.Shard{},
			order.ErrShardFull, "2147483648",
		},
		{
			"another's machine", func(b *order.Basis) { b.Machine.Owner = "OperatorMSP.ffffffffffffffff" },
			machine.Shard{},
			machine.ErrOwner, buyer,
		},
		{
			"a version that is not confirmed", func(b *order.Basis) { b.Final = false },
			machine.Shard{},
			dataset.ErrNotFinal, "",
		},
		{
			"a machine of another class", func(b *order.Basis) { b.Machine.Assurance = "software" },
			machine.Shard{},
			order.ErrAssurance, `"software", expected tpm`,
		},
		{
			"a split that fits no price", func(b *order.Basis) { b.Offer.Split.Residual = "" },
			machine.Shard{},
			royalty.ErrResidual, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := placing()
			c.edit(&b)
			o, shard, err := order.Place(b)
			ledgertest.Refused(t, err, c.want, c.saw)
			if c.want != nil {
				if shard != b.Shard {
					t.Errorf("a refused order moved the shard to %+v", shard)
				}
				return
			}
			c.shard.Machine = b.Machine.ID
			if shard != c.shard {
				t.Errorf("shard: got %+v, want %+v", shard, c.shard)
			}
			if o.ID != order.ID("market", "OperatorMSP", buyer, "k") || o.Shard != 4711 ||
				o.Number != b.Shard.Next || o.Descriptor != 3 ||
				o.Created != b.Epoch || o.Expires != b.Epoch+144 || o.Price != b.Offer.Price ||
				o.Script != "" || len(o.Items) != 1 ||
				o.Items[0].Manifest != ledger.Digest(ledger.Encode(b.Manifest)) {
				t.Errorf("got %+v", o)
			}
			if again, err := o.Again(b.Request); err != nil || again.ID != o.ID {
				t.Errorf("the request of the order: got %v, %v", again.ID, err)
			}
			other := b.Request
			other.Offers = []string{ledger.Hash("other")}
			_, err = o.Again(other)
			ledgertest.Refused(t, err, order.ErrKeyReused, "k")
		})
	}
}
