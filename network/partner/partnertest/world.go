// Package partnertest is the world around a partner's process, for tests: the real contracts on a ledger in
// memory, with parties, events, peers that can be stopped or lie, and a machine's TPM in software.
//
// Is no part of the product: only tests import it. The consortium itself is that of replaytest.
package partnertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/license"
)

// Channel is the world's channel.
const Channel = replaytest.Channel

// The partners.
const (
	Operator     = replaytest.Operator
	Manufacturer = replaytest.Manufacturer
	Licensors    = replaytest.Licensors
	Auditor      = replaytest.Auditor
)

// Event is what a committed transaction announced, in the order of commits; Block counts from 1.
type Event struct {
	Block   uint64
	TxID    string
	Name    string
	Payload []byte
}

// World is a test consortium's ledger with events. It is safe for concurrent use.
type World struct {
	t testing.TB

	mu      sync.Mutex
	ledger  *replaytest.World
	events  []Event
	changed chan struct{} // closed and replaced at each event
}

// Caller is somebody with a certificate, and a client of the world's ledger.
type Caller struct {
	*replaytest.Caller

	world *World
}

// NewLedger is a ledger without a configuration: what the partners meet right after the channel was made.
func NewLedger(tb testing.TB) *World {
	tb.Helper()
	return wrap(tb, replaytest.Empty(tb, time.Now().Truncate(time.Second)))
}

// NewWorld is a ledger with a configuration in force, a clock and a trust bundle.
func NewWorld(tb testing.TB) *World {
	tb.Helper()
	w := wrap(tb, replaytest.New(tb, time.Now().Truncate(time.Second)))
	w.Governor(Operator).Must("governance:PutBundle", replaytest.Document(w.ledger.Bundle(0, "")))
	return w
}

func wrap(tb testing.TB, ledger *replaytest.World) *World {
	tb.Helper()
	return &World{t: tb, ledger: ledger, changed: make(chan struct{})}
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Someone makes a caller with the certificate that Fabric CA would issue.
func (w *World) Someone(mspID, role string) *Caller {
	w.t.Helper()
	return &Caller{Caller: replaytest.NewCaller(w.t, mspID, role), world: w}
}

// Governor is the governor of a partner.
func (w *World) Governor(mspID string) *Caller {
	return &Caller{Caller: w.ledger.Governors[mspID], world: w}
}

// Root is the PEM certificate of a certificate authority with a key of its own.
func (w *World) Root() string {
	w.t.Helper()
	return replaytest.Root(w.t, replaytest.NewKey(w.t))
}

// Register records a caller as a party with its key pinned.
func (w *World) Register(c *Caller) {
	w.t.Helper()
	w.Governor(c.MSP).Must("governance:RegisterParty", replaytest.Document(c.Record(w.t)))
}

// Inject puts a license on the ledger as a settlement would: how it was paid is not this world's business.
func (w *World) Inject(l license.License) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ledger.Block++
	w.ledger.State.Apply([]replay.Write{{Key: license.Key(l.ID), Value: ledger.Encode(l)}},
		replay.Version{Block: w.ledger.Block})
}

// Keys lists the keys on the ledger.
func (w *World) Keys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ledger.State.Keys()
}

// Wait blocks until done reports true; it looks again after every event.
func (w *World) Wait(ctx context.Context, done func() bool) bool {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if done() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// Submit runs and commits a transaction.
func (c *Caller) Submit(ctx context.Context, function string, args ...string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return c.world.submit(c, function, args)
}

// Evaluate runs a transaction and forgets its writes.
func (c *Caller) Evaluate(ctx context.Context, function string, args ...string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	w := c.world
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ledger.Evaluate(c.Caller, function, args...)
}

// Must submits and fails the test when the ledger refuses.
func (c *Caller) Must(function string, args ...string) string {
	c.world.t.Helper()
	out, err := c.world.submit(c, function, args)
	if err != nil {
		c.world.t.Fatalf("%s: %v", function, err)
	}
	return out
}

func (w *World) submit(c *Caller, function string, args []string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := len(w.ledger.Past)
	out, err := w.ledger.Call(c.Caller, function, args...)
	for _, done := range w.ledger.Past[before:] {
		e := done.Result.Event
		w.events = append(w.events, Event{Block: done.At.Block, TxID: done.Tx.ID, Name: e.Name, Payload: e.Payload})
		close(w.changed)
		w.changed = make(chan struct{})
	}
	return out, err
}

// Follow calls handle for each event after a block and transaction, until ctx ends or handle fails.
func (w *World) Follow(ctx context.Context, block uint64, txID string, handle func(Event) error) error {
	for at := 0; ; {
		w.mu.Lock()
		changed, all := w.changed, w.events
		w.mu.Unlock()
		for ; at < len(all); at++ {
			if e := all[at]; e.Block < block || e.Block == block && txID != "" {
				continue // one event a block in this world
			}
			if err := handle(all[at]); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
