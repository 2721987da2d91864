package order_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// forSale is an order of 10,000 sat that expires in epoch 20.
func forSale() order.Order {
	return order.Order{
		ID: ledger.Hash("order"), Price: 10_000, Created: 10, Expires: 20,
		Machine: ledger.Hash("machine"), Items: []order.Item{{
			Offer: ledger.Hash("offer"), Price: 10_000, Split: royalty.Terms{
				Commission: royalty.Commission{
					Rate: royalty.Whole / 10, Max: 5_000,
					Payee: "AMSP.0000000000000001",
				}, Residual: "AMSP.0000000000000002",
			},
		}},
	}
}

// TestSettle: what a proven transaction changes, by what the ledger held before.
func TestSettle(t *testing.T) {
	paid := func(amount ledger.Satoshi, height uint32, block string) order.Payment {
		return order.Payment{
			TxID: "before", Order: forSale().ID, Amount: amount, Epoch: 11, Height: height,
			Block: block,
		}
	}
	credits := func(final string, payments ...order.Payment) order.Credits {
		return order.Credits{Payments: payments, Final: map[uint32]string{4: final}}
	}
	for _, c := range []struct {
		name    string
		amounts []ledger.Satoshi
		before  order.Before
		state   string
		settled bool
		want    error
	}{
		{"the price at once", []ledger.Satoshi{10_000}, order.Before{Epoch: 11}, order.Paid, true, nil},
		{"the price in two outputs", []ledger.Satoshi{4_000, 6_000}, order.Before{Epoch: 11}, order.Paid, true, nil},
		{"a part", []ledger.Satoshi{9_999}, order.Before{Epoch: 11}, order.Partial, false, nil},
		{
			"the rest",
			[]ledger.Satoshi{4_000},
			order.Before{Credits: credits("x", paid(6_000, 4, "x")), Epoch: 12},
			order.Paid, true, nil,
		},
		{
			"the rest, after the first block left the chain",
			[]ledger.Satoshi{4_000},
			order.Before{Credits: credits("y", paid(6_000, 4, "x")), Epoch: 12},
			order.Disputed, false, nil,
		},
		{
			"more than the price, once settled",
			[]ledger.Satoshi{500},
			order.Before{Credits: credits("x", paid(10_000, 4, "x")), Settled: true, Epoch: 12},
			order.Paid,
			false, nil,
		},
		{"too late", []ledger.Satoshi{10_000}, order.Before{Epoch: 20}, order.Late, false, nil},
		{"nothing to this script", nil, order.Before{Epoch: 11}, "", false, order.ErrOtherScript},
		{
			"what is recorded already",
			[]ledger.Satoshi{10_000},
			order.Before{Recorded: map[uint32]order.Payment{0: {Order: forSale().ID}}, Epoch: 11},
			"", false,
			order.ErrKnown,
		},
		{
			"another order's output",
			[]ledger.Satoshi{10_000},
			order.Before{Recorded: map[uint32]order.Payment{0: {Order: "other"}}, Epoch: 11},
			"", false,
			order.ErrForeignPay,
		},
		{"dust", []ledger.Satoshi{order.Dust - 1}, order.Before{Epoch: 11}, "", false, order.ErrDust},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := order.Proven{TxID: ledger.Hash("bitcoin"), Height: 5, Block: block}
			for i, a := range c.amounts {
				p.Outputs = append(p.Outputs, order.Output{Vout: uint32(i), Amount: a})
			}
			out, err := order.Settle(forSale(), p, c.before, "fabric")
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil {
				return
			}
			result := out.Result()
			event, _ := out.Event()
			if result.State != c.state || (out.Settled != nil) != c.settled ||
				len(result.Credited) != len(c.amounts) {
				t.Errorf("got %+v, settled %v; want %s, %v", result, out.Settled != nil, c.state, c.settled)
			}
			if c.settled != (event == ledger.EventOrderSettled) || c.settled != (len(result.Licenses) == 1) {
				t.Errorf("event %s, licenses %v", event, result.Licenses)
			}
			if c.settled && !slices.Equal(out.Settled.Payments, out.Credited.Payments) {
				t.Error("the settlement names other payments than those that were credited")
			}
		})
	}
}

// TestSettleKeepsWhatItWasGiven: a rule changes none of the values that it judges.
func TestSettleKeepsWhatItWasGiven(t *testing.T) {
	before := order.Before{Credits: order.Credits{Final: map[uint32]string{}}, Epoch: 11}
	p := order.Proven{
		TxID: ledger.Hash("bitcoin"), Height: 5, Block: block,
		Outputs: []order.Output{{Amount: 10_000}},
	}
	if _, err := order.Settle(forSale(), p, before, "fabric"); err != nil {
		t.Fatal(err)
	}
	if len(before.Credits.Final) != 0 || len(before.Credits.Payments) != 0 {
		t.Errorf("got %+v", before.Credits)
	}
}

func TestDisputed(t *testing.T) {
	p := pay(1_000, 11)
	for _, c := range []struct {
		name  string
		final map[uint32]string
		want  bool
	}{
		{"final", map[uint32]string{5: block}, false},
		{"another block is final", map[uint32]string{5: "other"}, true},
		{"none is final any more", map[uint32]string{5: ""}, true},
		{"unknown", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			credits := order.Credits{Payments: []order.Payment{p}, Final: c.final}
			err := credits.CheckUndisputed("id")
			if credits.Disputed() != c.want || c.want != errors.Is(err, order.ErrDisputed) {
				t.Errorf("got %v, %v", credits.Disputed(), err)
			}
		})
	}
	if (order.Credits{}).Disputed() {
		t.Error("an order without payments is not disputed")
	}
}

func TestAgain(t *testing.T) {
	o := forSale()
	same := order.Request{Key: "k", Machine: o.Machine, Offers: []string{o.Items[0].Offer}}
	if got, err := o.Again(same); err != nil || got.ID != o.ID {
		t.Errorf("the same request: got %v, %v", got.ID, err)
	}
	for _, change := range []func(*order.Request){
		func(r *order.Request) { r.Machine = ledger.Hash("other") },
		func(r *order.Request) { r.Offers = []string{ledger.Hash("other")} },
		func(r *order.Request) { r.Offers = append(r.Offers, r.Offers[0]) },
	} {
		other := same
		other.Offers = slices.Clone(same.Offers)
		change(&other)
		if _, err := o.Again(other); !errors.Is(err, order.ErrKeyReused) {
			t.Errorf("%+v: got %v", other, err)
		}
	}
}

func TestScriptHash(t *testing.T) {
	// printf '\0\24' | sha256sum
	if got, err := order.ScriptHash("0014"); err != nil || got != ledger.Digest([]byte{0, 0x14}) {
		t.Errorf("got %s, %v", got, err)
	}
	for _, bad := range []string{"", "0", "00 14", "0014\n", "00AB", "zz", string(slices.Repeat([]byte("00"), 101))} {
		if got, err := order.ScriptHash(bad); !errors.Is(err, order.ErrRequest) {
			t.Errorf("%q: got %s, %v", bad, got, err)
		}
	}
}
