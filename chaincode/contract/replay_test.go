package contract_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// TestReplayReproducesTheBooks: a whole story, executed again on an empty ledger without its clocks, writes
// the same.
func TestReplayReproducesTheBooks(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	g := s.grant(s.grantRequest(l, licensors, operator))
	for _, m := range g.Pair {
		s.Must(s.custodians[m], "licenses:AnswerGrant", doc(s.answerOf(l, g, m)))
	}
	s.epochs(1)
	s.Must(s.buyer, "licenses:RecordReceipt", doc(s.receipt(l, tpmpolicy.FirstIndexHandle, 1, 3, job(1))))
	late := s.place("late")
	s.epochs(7)
	b := s.confirm(s.miner, outputs(late.Script, 10_001))
	s.Must(s.buyer, "orders:Settle", s.settlement(late, b, 1))

	engine, err := replay.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	again := &replay.Memory{}
	for _, c := range s.Past {
		r := engine.Execute(again, c.Tx)
		if !r.OK() || !reflect.DeepEqual(r.Writes, c.Result.Writes) || !reflect.DeepEqual(r.Event, c.Result.Event) {
			t.Fatalf("%s: got %s, %+v", c.Tx.Args[0], r.Message, r.Writes)
		}
		if err := again.Commit(r, c.At); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(again.Keys(), s.State.Keys()) || len(s.Past) < 30 {
		t.Errorf("after %d transactions the books differ", len(s.Past))
	}

	// a forged transaction is found: the same call with one byte of its request changed writes something else
	forged := s.Past[len(s.Past)-1]
	forged.Tx.Args = slices.Clone(forged.Tx.Args)
	forged.Tx.Args[1] = slices.Clone(forged.Tx.Args[1])
	forged.Tx.Args[1][len(forged.Tx.Args[1])-3] ^= 1
	if r := engine.Execute(again, forged.Tx); r.OK() && reflect.DeepEqual(r.Writes, forged.Result.Writes) {
		t.Error("a changed request wrote the same")
	}
}
