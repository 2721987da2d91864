package contract_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// TestReplayReproducesTheBooks: a whole story, executed again on an empty ledger without its clocks, writes the same.
func TestReplayReproducesTheBooks(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	g := s.grant(s.grantRequest(l, licensors, operator))
	for _, m := range g.Pair {
		s.must(s.custodians[m], "licenses:AnswerGrant", doc(s.answerOf(l, g, m)))
	}
	s.epochs(1)
	s.must(s.buyer, "licenses:RecordReceipt", doc(s.receipt(l, tpmpolicy.FirstIndexHandle, 1, 3, job(1))))
	late := s.place("late")
	s.epochs(7)
	b := s.confirm(s.miner, outputs(late.Script, 10_001))
	s.must(s.buyer, "orders:Settle", s.settlement(late, b, 1))

	engine, err := replay.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	again := &replay.Memory{}
	for _, c := range s.past {
		r := engine.Execute(again, c.tx)
		if !r.OK() || !reflect.DeepEqual(r.Writes, c.result.Writes) || !reflect.DeepEqual(r.Event, c.result.Event) {
			t.Fatalf("%s: got %s, %+v", c.tx.Args[0], r.Message, r.Writes)
		}
		if err := again.Commit(r, c.at); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(again.Keys(), s.state.Keys()) || len(s.past) < 30 {
		t.Errorf("after %d transactions the books differ", len(s.past))
	}

	// a forged transaction is found: the same call with one byte of its request changed writes something else
	forged := s.past[len(s.past)-1]
	forged.tx.Args = slices.Clone(forged.tx.Args)
	forged.tx.Args[1] = slices.Clone(forged.tx.Args[1])
	forged.tx.Args[1][len(forged.tx.Args[1])-3] ^= 1
	if r := engine.Execute(again, forged.tx); r.OK() && reflect.DeepEqual(r.Writes, forged.result.Writes) {
		t.Error("a changed request wrote the same")
	}
}
