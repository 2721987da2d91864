package contract_test

import (
	"testing"

	"guildmark/chaincode/license"
	"guildmark/chaincode/order"
)

// TestAttackGrantPaidByBlockTakenBack: a machine has its grant recorded, then the block of the payment leaves the
// chain. No custodian's answer may be recorded any more, also none that was endorsed before.
func TestAttackGrantPaidByBlockTakenBack(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	g := s.grant(s.grantRequest(l, licensors, operator))
	s.must(s.custodians[licensors], "licenses:AnswerGrant", doc(s.answerOf(l, g, licensors)))
	held := s.simulate(s.custodians[operator], "licenses:AnswerGrant", doc(s.answerOf(l, g, operator)))
	fork := s.world.miner()
	fork.extra = 1
	s.submit(fork.mine(), fork.mine(), fork.mine(), fork.mine())
	if err := s.commit(held); err == nil {
		t.Error("an answer held back was recorded for an order that is disputed")
	}
	s.refused(order.ErrDisputed, s.custodians[operator], "licenses:AnswerGrant", doc(s.answerOf(l, g, operator)))
	if v := read[license.GrantView](s.world, s.buyer, "licenses:GetGrant", l.ID, ""); len(v.Answers) != 1 {
		t.Errorf("got %d answers", len(v.Answers))
	}
}
