package contract_test

import (
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// TestAttackBuyerRewritesFreeChain: where work is free, a buyer mines a heavier branch in no time. Its
// headers must not take attested blocks back, suspend everybody's licenses and stop all sales.
func TestAttackBuyerRewritesFreeChain(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	fork := s.world.miner()
	fork.extra = 1
	var list []string
	for range 5 {
		list = append(list, fork.mine().hex(s.world))
	}
	s.Refused(consortium.ErrOnlyOracles, s.buyer, "bitcoin:SubmitHeaders", doc(list))

	a := read[signed.Answer](s.world, s.buyer, "licenses:Sign", l.ID, nonce(1))
	if body := decodeAs[signed.LicenseBody](s.world, string(a.Body)); body.State != signed.StateActive {
		t.Errorf("got %s", body.State)
	}
	s.submit(s.miner.mine()) // the partners' own chain goes on
	s.buy("next")
}

// TestAttackOneOutputTwice: an output is credited once, however its proof is sent again: alone, beside
// another order, or twice in one block.
func TestAttackOneOutputTwice(t *testing.T) {
	s := newSale(newWorld(t))
	o, other := s.place("k"), s.place("other")
	half := outputs(o.Script, 5_001)
	half.AddTxOut(outputs(other.Script, 10_001).TxOut[0])
	b := s.confirm(s.miner, half)
	one := s.Simulate(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	two := s.Simulate(s.buyer, "orders:Settle", s.settlement(o, b, 1))
	if err := s.Commit(one); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(two); err == nil {
		t.Error("one output was credited twice in one block")
	}
	s.Refused(order.ErrKnown, s.buyer, "orders:Settle", s.settlement(o, b, 1))
	if v := s.view(o); v.State != order.Partial || v.Paid != 5_001 {
		t.Errorf("got %s with %s", v.State, v.Paid)
	}
	s.Must(s.buyer, "orders:Settle", s.settlement(other, b, 1))
	if v := s.view(other); v.State != order.Paid || v.Paid != 10_001 {
		t.Errorf("got %s with %s", v.State, v.Paid)
	}
}

// TestAttackTwoPartsInOneBlock: two settlements that each see half of the price can't both be committed, or
// none would book the license (a phantom in the range of the order's payments).
func TestAttackTwoPartsInOneBlock(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 5_000), outputs(o.Script, 5_001))
	one := s.Simulate(s.buyer, "orders:Settle", s.settlement(o, b, 1))
	two := s.Simulate(s.buyer, "orders:Settle", s.settlement(o, b, 2))
	if err := s.Commit(one); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(two); err == nil {
		t.Error("both were committed")
	}
	s.Must(s.buyer, "orders:Settle", s.settlement(o, b, 2))
	if v := s.view(o); v.State != order.Paid || len(v.Licenses) != 1 {
		t.Errorf("got %+v", v)
	}
}

// TestAttackSettleOnBlockTakenBack: a settlement that was endorsed while its block was final dies when the
// block is taken back before it is ordered.
func TestAttackSettleOnBlockTakenBack(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 10_001))
	held := s.Simulate(s.buyer, "orders:Settle", s.settlement(o, b, 1))
	if !held.OK() {
		t.Fatal(held.Message)
	}
	fork := s.world.miner()
	fork.extra = 1
	s.submit(fork.mine(), fork.mine(), fork.mine())
	if err := s.Commit(held); err == nil {
		t.Error("a payment was credited from a block that left the chain")
	}
	s.Refused(spv.ErrAlarm, s.buyer, "orders:Settle", s.settlement(o, b, 1))
}

// TestAttackDust: a miner pays a stranger's order thousands of outputs that cost nothing. They must not become
// payments, which every signature over the license would list; the rest of the transaction still counts.
func TestAttackDust(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	swarm := make([]int64, 500)
	swarm[1] = 329
	paid := outputs(o.Script, 10_001)
	for _, out := range outputs(o.Script, swarm...).TxOut {
		paid.AddTxOut(out)
	}
	b := s.confirm(s.miner, outputs(o.Script, swarm...), paid, outputs(o.Script, 330))
	s.Refused(order.ErrDust, s.buyer, "orders:Settle", s.settlement(o, b, 1))
	s.Must(s.buyer, "orders:Settle", s.settlement(o, b, 2))
	s.Refused(order.ErrKnown, s.buyer, "orders:Settle", s.settlement(o, b, 2))
	if v := s.view(o); v.State != order.Paid || len(v.Payments) != 1 {
		t.Errorf("got %s by %d payments", v.State, len(v.Payments))
	}
	s.Must(s.buyer, "orders:Settle", s.settlement(o, b, 3))
}
