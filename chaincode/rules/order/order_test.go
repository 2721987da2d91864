package order_test

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

const block = "b10c"

func pay(amount ledger.Satoshi, epoch int64) order.Payment {
	return order.Payment{Amount: amount, Epoch: epoch, Height: 5, Block: block}
}

func TestStateOf(t *testing.T) {
	o := order.Order{Price: 1_000, Created: 10, Expires: 20}
	moved := pay(1_000, 11)
	moved.Block = "elsewhere"
	for _, c := range []struct {
		name     string
		payments []order.Payment
		epoch    int64
		want     string
	}{
		{"nothing yet", nil, 10, order.Open},
		{"nothing in the last epoch", nil, 19, order.Open},
		{"nothing, expired", nil, 20, order.Expired},
		{"a part", []order.Payment{pay(999, 11)}, 11, order.Partial},
		{"a part, expired", []order.Payment{pay(999, 11)}, 20, order.Expired},
		{"the price", []order.Payment{pay(1_000, 11)}, 11, order.Paid},
		{"the price, long ago", []order.Payment{pay(1_000, 11)}, 1_000, order.Paid},
		{"the price in parts", []order.Payment{pay(400, 11), pay(600, 19)}, 19, order.Paid},
		{"too much", []order.Payment{pay(5_000, 11)}, 11, order.Paid},
		{"the price, late", []order.Payment{pay(1_000, 20)}, 20, order.Late},
		{"a part in time, the rest late", []order.Payment{pay(999, 19), pay(1, 20)}, 20, order.Late},
		{"a part, late", []order.Payment{pay(1, 25)}, 30, order.Late},
		{"the price in time, more late", []order.Payment{pay(1_000, 19), pay(5, 25)}, 30, order.Paid},
		{"a block that left the chain", []order.Payment{moved}, 11, order.Disputed},
		{"one of two blocks left the chain", []order.Payment{pay(1_000, 11), moved}, 11, order.Disputed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := order.StateOf(o, order.Credits{Payments: c.payments, Final: map[uint32]string{5: block}}, c.epoch)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if got := order.StateOf(o, order.Credits{Payments: []order.Payment{pay(1_000, 11)}}, 11); got != order.Disputed {
		t.Errorf("no final block at the height: got %s", got)
	}
}

func TestCredit(t *testing.T) {
	o := order.Order{ID: "mine"}
	two := order.Proven{TxID: "tx", Outputs: []order.Output{{Vout: 0, Amount: 1_000}, {Vout: 3, Amount: 2_000}}}
	for _, c := range []struct {
		name   string
		proven order.Proven
		known  map[uint32]order.Payment
		want   int
		err    *ledger.Refusal
	}{
		{"both new", two, nil, 2, nil},
		{"one known", two, map[uint32]order.Payment{0: {Order: "mine"}}, 1, nil},
		{"both known", two, map[uint32]order.Payment{0: {Order: "mine"}, 3: {Order: "mine"}}, 0, order.ErrKnown},
		{"one is another order's", two, map[uint32]order.Payment{3: {Order: "other"}}, 0, order.ErrForeignPay},
		{"nothing pays the script", order.Proven{TxID: "tx"}, nil, 0, order.ErrOtherScript},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := order.Credit(o, c.proven, c.known, 7)
			if len(got) != c.want || c.err == nil && err != nil || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("got %d, %v", len(got), err)
			}
			for _, p := range got {
				if p.Order != "mine" || p.Epoch != 7 || p.TxID != "tx" {
					t.Errorf("got %+v", p)
				}
			}
		})
	}
}

// TestSettleConserves: whatever was paid, the accruals of a settlement sum to the price.
func TestSettleConserves(t *testing.T) {
	o := order.Order{ID: ledger.Hash("o"), Price: 10_001, Expires: 9, Items: []order.Item{{
		Price: 10_001, Split: royalty.Terms{
			Commission: royalty.Commission{Rate: 33_333_333, Max: 1 << 40, Payee: "AMSP.0000000000000001"},
			Contributors: []royalty.Contributor{
				{Payee: "AMSP.0000000000000002", Weight: 2},
				{Payee: "AMSP.0000000000000003", Weight: 1},
				{Payee: "AMSP.0000000000000004", Weight: 7},
			},
		},
	}}}
	before := order.Before{Credits: order.Credits{
		Payments: []order.Payment{pay(9_000, 1)},
		Final:    map[uint32]string{5: block},
	}, Epoch: 2}
	proven := order.Proven{
		TxID: "bitcoin", Height: 5, Block: block,
		Outputs: []order.Output{{Vout: 1, Amount: 9_000}},
	}
	out, err := order.Settle(o, proven, before, "fabric")
	if err != nil || out.Settled == nil {
		t.Fatal(out, err)
	}
	s := out.Settled
	sum := ledger.Satoshi(0)
	for _, a := range s.Accruals {
		sum += a.Amount
		if a.Amount < 1 || a.Order != o.ID || a.Epoch != 2 || a.Block != block {
			t.Errorf("got %+v", a)
		}
	}
	if sum != o.Price || s.Settlement.Paid != 18_000 || len(s.Licenses) != 1 || s.Settlement.TxID != "fabric" {
		t.Errorf("got %d of %d, %+v", sum, o.Price, s.Settlement)
	}
}
