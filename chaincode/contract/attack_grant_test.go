package contract_test

import (
	"testing"

	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// TestAttackGrantPaidByBlockTakenBack: a machine has its grant recorded, then the block of the payment leaves
// the chain. No custodian's answer may be recorded any more, also none that was endorsed before.
func TestAttackGrantPaidByBlockTakenBack(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	g := s.grant(s.grantRequest(l, licensors, operator))
	s.Must(s.custodians[licensors], "licenses:AnswerGrant", doc(s.answerOf(l, g, licensors)))
	held := s.Simulate(s.custodians[operator], "licenses:AnswerGrant", doc(s.answerOf(l, g, operator)))
	fork := s.world.miner()
	fork.extra = 1
	s.submit(fork.mine(), fork.mine(), fork.mine(), fork.mine())
	if err := s.Commit(held); err == nil {
		t.Error("an answer held back was recorded for an order that is disputed")
	}
	s.Refused(order.ErrDisputed, s.custodians[operator], "licenses:AnswerGrant", doc(s.answerOf(l, g, operator)))
	if v := read[grant.View](s.world, s.buyer, "licenses:GetGrant", l.ID, ""); len(v.Answers) != 1 {
		t.Errorf("got %d answers", len(v.Answers))
	}
}

// TestAttackReceiptsGrow: the cost of a receipt doesn't grow with those before it, and counts still never go
// back, are never said twice, and two of one count in one block are one.
func TestAttackReceiptsGrow(t *testing.T) {
	s := newSale(newWorld(t))
	r := s.offerRequest(s.manifest)
	r.Key, r.Model.Uses = "many", 1_000
	s.offer = decodeAs[offer.Offer](s.world, s.Must(s.licensor, "catalogue:Offer", doc(r)))
	l := s.buy("k")
	g := s.grant(s.grantRequest(l, licensors, operator))
	send := func(count uint32) grant.ReceiptRequest {
		return s.receipt(l, g.Request.Index, count, 1_000, job(int(count)))
	}
	var first, last int
	for i := range uint32(40) {
		got := s.Simulate(s.buyer, "licenses:RecordReceipt", doc(send(2*i+2)))
		if err := s.Commit(got); err != nil {
			t.Fatal(err)
		}
		last = len(got.Ranges[len(got.Ranges)-1].Found)
		if i == 0 {
			first = last
		}
	}
	if first != last {
		t.Errorf("the first receipt read %d others, the fortieth %d", first, last)
	}
	s.Refused(grant.ErrReceiptKnown, s.buyer, "licenses:RecordReceipt", doc(send(80)))
	for _, back := range []uint32{1, 2, 40, 41, 79} {
		s.Refused(grant.ErrReceiptBack, s.buyer, "licenses:RecordReceipt", doc(send(back)))
	}
	s.Refused(grant.ErrReceiptLimit, s.buyer, "licenses:RecordReceipt", doc(send(0)))
	lower, higher := s.Simulate(s.buyer, "licenses:RecordReceipt", doc(send(81))),
		s.Simulate(s.buyer, "licenses:RecordReceipt", doc(send(82)))
	again := s.Simulate(s.buyer, "licenses:RecordReceipt", doc(send(82)))
	if err := s.Commit(higher); err != nil {
		t.Fatal(err)
	}
	for _, late := range []replay.Result{lower, again} {
		if err := s.Commit(late); err == nil {
			t.Error("a count went back in one block")
		}
	}
}
