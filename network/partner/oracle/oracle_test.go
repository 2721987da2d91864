package oracle

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/fixtures/bitcoin/regtest"
	"github.com/guildmark/guildmark/network/partner/bitcoin"
)

// fast is the pause of the tests' oracles; they are woken by events anyway.
const fast = 5 * time.Millisecond

// run starts an oracle and returns what stops it and waits for its end.
func run(t *testing.T, state, msp string, b *books, n Node, die func(string, bool) bool) (stop func(),
	ended <-chan struct{},
) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	o, err := New(Config{
		MSP: msp, State: state, Node: n, Interval: fast,
		Ledger: as{books: b, msp: msp, die: die, kill: cancel},
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := o.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("oracle %s: %v", msp, err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop, done
}

// until waits for the books to say so, woken by every event.
func until(t *testing.T, b *books, what string, so func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Minute)
	for {
		b.mu.Lock()
		yes, news := so(), b.news
		b.mu.Unlock()
		if yes {
			return
		}
		select {
		case <-news:
		case <-time.After(fast):
		case <-deadline:
			t.Fatalf("did not happen in five minutes: %s", what)
		}
	}
}

func credits(b *books) int {
	n := 0
	for _, times := range b.credited {
		n += times
	}
	return n
}

func TestTwoOraclesSettle(t *testing.T) {
	b, chain := newBooks(t), newMiner(t)
	_, first := b.place(1)
	_, second := b.place(2)
	chain.mine()
	paid := chain.mine(first, second)
	for range 5 {
		chain.mine()
	}
	run(t, t.TempDir(), "A", b, chain, nil)
	until(t, b, "A attests", func() bool { return b.writes["bitcoin:Attest"] == 1 })
	if _, ok, _ := b.FinalAt(paid.Height); ok || credits(b) != 0 {
		t.Fatal("one oracle alone settled (T22)")
	}
	run(t, t.TempDir(), "B", b, chain, nil)
	until(t, b, "both payments are credited", func() bool { return credits(b) == 2 })
	// An order that is heard of only after its payment was mined, and one paid later by two outputs.
	_, late := b.place(3)
	chain.mine(late)
	_, twice := b.place(4)
	twice.AddTxOut(twice.TxOut[0])
	chain.mine(twice)
	for range 6 {
		chain.mine()
	}
	until(t, b, "all four payments are credited", func() bool { return credits(b) == 5 })
	for key, times := range b.credited {
		if times != 1 {
			t.Errorf("%s was credited %d times", key, times)
		}
	}
}

// The payment is in a block before the ledger's event reaches the oracle: among the blocks that it remembers, and
// long before them.
func TestPaymentBeforeOrderIsHeard(t *testing.T) {
	for _, since := range []int{10, 300} {
		t.Run(decimal(spv.Height(since)), func(t *testing.T) {
			b, chain := newBooks(t), newMiner(t)
			other := newBooks(t)
			_, tx := other.place(9)
			chain.mine(tx)
			for range since {
				chain.mine()
			}
			stateA := t.TempDir()
			run(t, stateA, "A", b, chain, nil)
			run(t, t.TempDir(), "B", b, chain, nil)
			until(t, b, "the chain is read to its end", func() bool {
				raw, err := os.ReadFile(filepath.Join(stateA, "cursor.json"))
				return err == nil && strings.Contains(string(raw), `"height":`+decimal(spv.Height(since+1)))
			})
			b.place(9)
			until(t, b, "the early payment is credited", func() bool { return credits(b) == 1 })
		})
	}
}

// Kill A before and after the effect of every call that it makes, start it again on the same folder: nothing twice,
// nothing lost.
func TestKilledAtEveryStep(t *testing.T) {
	rows := 0
	for _, function := range []string{"bitcoin:Start", "bitcoin:SubmitHeaders", "bitcoin:Attest", "orders:Settle"} {
		for _, after := range []bool{false, true} {
			for nth := 1; nth <= 2; nth++ {
				if function == "bitcoin:Start" && nth > 1 {
					continue
				}
				rows++
				t.Run(strings.Join([]string{
					function, map[bool]string{false: "before", true: "after"}[after],
					decimal(spv.Height(nth)),
				}, "/"), func(t *testing.T) {
					killed(t, function, after, nth)
				})
			}
		}
	}
	if rows != 14 {
		t.Fatalf("%d rows, want 14", rows)
	}
}

func killed(t *testing.T, function string, after bool, nth int) {
	t.Helper()
	b, chain, state := newBooks(t), newMiner(t), t.TempDir()
	var payments []*wire.MsgTx
	for n := range 3 {
		_, tx := b.place(n)
		payments = append(payments, tx)
	}
	chain.mine(payments[0])
	chain.mine(payments[1], payments[2])
	for range 6 {
		chain.mine()
	}
	if function != "bitcoin:Start" && function != "bitcoin:SubmitHeaders" {
		// B's attestations are there, so A's calls bring each payment all the way.
		stop, _ := run(t, t.TempDir(), "B", b, chain, nil)
		until(t, b, "B attests both", func() bool { return b.writes["bitcoin:Attest"] == 2 })
		stop()
	}
	if function == "bitcoin:SubmitHeaders" && nth == 2 {
		for range 200 {
			chain.mine() // two batches of headers
		}
	}
	calls := 0
	_, ended := run(t, state, "A", b, chain, func(f string, done bool) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		if f != function || done != after {
			return false
		}
		calls++
		return calls == nth
	})
	select {
	case <-ended:
	case <-time.After(5 * time.Minute):
		t.Fatalf("A never came to its call %d of %s", nth, function)
	}
	run(t, state, "A", b, chain, nil)
	run(t, t.TempDir(), "B", b, chain, nil)
	until(t, b, "all three payments are credited", func() bool { return credits(b) == 3 })
	for key, times := range b.credited {
		if times != 1 {
			t.Errorf("%s was credited %d times", key, times)
		}
	}
	if _, alarmed, _ := b.Alarm(); alarmed {
		t.Error("the alarm was raised")
	}
}

// A reorganization moves a payment to another block before it is final.
func TestReorganization(t *testing.T) {
	b, chain := newBooks(t), newMiner(t)
	_, tx := b.place(1)
	chain.mine()
	chain.mine(tx)
	chain.mine()
	run(t, t.TempDir(), "A", b, chain, nil)
	run(t, t.TempDir(), "B", b, chain, nil)
	until(t, b, "the chain is relayed", func() bool { tip, _, _ := b.Tip(); return tip.Height == 3 })
	chain.cut(2)
	for range 3 {
		chain.mine()
	}
	moved := chain.mine(tx)
	for range 5 {
		chain.mine()
	}
	until(t, b, "the payment is credited", func() bool { return credits(b) == 1 })
	if hash, ok, _ := b.FinalAt(moved.Height); !ok || hash != moved.Hash {
		t.Fatalf("the final block is not the one that the payment moved to")
	}
}

func TestWatchSurvivesTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scripts.log")
	w, err := openWatch(path)
	if err != nil {
		t.Fatal(err)
	}
	b := newBooks(t)
	b.place(1)
	b.place(2)
	for _, e := range b.events {
		if script, err := w.take(e); err != nil || script == "" {
			t.Fatalf("got %q %v", script, err)
		}
	}
	if script, err := w.take(b.events[1]); err != nil || script != "" {
		t.Fatalf("again: got %q %v want nothing new", script, err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range raw {
		if err := os.WriteFile(path, raw[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := openWatch(path)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if len(w.scripts) > 1 || len(w.scripts) == 1 && w.at != (client.Checkpoint{Block: 0, TxID: "tx0"}) {
			t.Fatalf("cut at %d: got %d scripts at %v", cut, len(w.scripts), w.at)
		}
		if _, err := w.take(b.events[1]); err != nil {
			t.Fatal(err)
		}
		if err := w.close(); err != nil {
			t.Fatal(err)
		}
		again, err := openWatch(path)
		if err != nil || again.scripts[scriptOf(b, 2)] == "" {
			t.Fatalf("cut at %d: the second order is lost, %v", cut, err)
		}
		if err := again.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func scriptOf(b *books, n int) string {
	raw, err := hex.DecodeString(b.orders[ledger.Hash("test", decimal(spv.Height(n)))].Script)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Config{MSP: "A"}); err == nil {
		t.Fatal("an oracle without a node was made")
	}
}

// On a real node: the faucet pays an order's script, two oracles attest and prove it; one is stopped in between.
func TestRealNode(t *testing.T) {
	f, err := bitcoin.OpenFaucet(filepath.Join(t.TempDir(), "faucet.key"), "regtest")
	if err != nil {
		t.Fatal(err)
	}
	proc := regtest.Start(t, f.Address())
	node, err := rpc.Open(rpc.Config{
		RPC: proc.RPC, Certificate: proc.Certificate,
		Credentials: proc.Credentials, Network: "regtest",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.Close)
	mine := func(n uint32) {
		t.Helper()
		if _, err := node.Generate(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	mine(101)
	b, state := newBooks(t), t.TempDir()
	stop, _ := run(t, state, "A", b, node, nil)
	run(t, t.TempDir(), "B", b, node, nil)
	_, tx := b.place(1)
	if _, err := f.Pay(t.Context(), node, tx.TxOut[0].PkScript, 4000); err != nil {
		t.Fatal(err)
	}
	mine(1)
	stop()
	mine(5)
	until(t, b, "B attests", func() bool { return b.writes["bitcoin:Attest"] == 1 })
	run(t, state, "A", b, node, nil)
	until(t, b, "the payment is credited", func() bool { return credits(b) == 1 })
}
