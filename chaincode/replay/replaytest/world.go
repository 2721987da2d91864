package replaytest

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/state"
)

// World is a consortium's ledger in memory. It is for one goroutine.
type World struct {
	*Consortium

	T         testing.TB
	Engine    *replay.Engine
	State     *replay.Memory
	Now       time.Time
	Block     uint64      // one for each call
	Heartbeat *Caller     // who ticks the ledger's clock
	Past      []Committed // calls that wrote, in order
}

// Committed is a transaction that the ledger took, and what it wrote.
type Committed struct {
	Tx     replay.Tx
	Result replay.Result
	At     replay.Version
}

// Empty is a ledger on which nothing was written: what the partners meet right after the channel was made.
func Empty(tb testing.TB, now time.Time) *World {
	tb.Helper()
	engine, err := replay.NewEngine()
	check(tb, err)
	return &World{
		Consortium: NewConsortium(tb), T: tb, Engine: engine, State: &replay.Memory{}, Now: now,
		Heartbeat: NewCaller(tb, Auditor, party.Heartbeat),
	}
}

// New is a ledger with a configuration in force and a clock that has ticked.
func New(tb testing.TB, now time.Time) *World {
	tb.Helper()
	w := Empty(tb, now)
	hash := w.Must(w.Governors[Operator], "governance:Propose", Document(w.Config))
	for _, m := range Partners()[:3] {
		w.Must(w.Governors[m], "governance:Approve", hash)
	}
	w.Tick(0)
	return w
}

// Register records a caller as a party with its key pinned.
func (w *World) Register(c *Caller) {
	w.T.Helper()
	w.Must(w.Governors[c.MSP], "governance:RegisterParty", Document(c.Record(w.T)))
}

// Tick moves the world's time and then the ledger's clock on.
func (w *World) Tick(d time.Duration) {
	w.T.Helper()
	w.Now = w.Now.Add(d)
	w.Must(w.Heartbeat, "governance:Tick", strconv.FormatInt(w.Now.Unix(), 10))
}

// Tx is a call as a transaction of the next block.
func (w *World) Tx(c *Caller, function string, args ...string) replay.Tx {
	w.Block++
	tx := replay.Tx{
		ID: ledger.Hash("test", strconv.FormatUint(w.Block, 10)), Channel: Channel, Creator: c.Creator,
		Timestamp: w.Now,
		Args:      [][]byte{[]byte(function)},
	}
	for _, a := range args {
		tx.Args = append(tx.Args, []byte(a))
	}
	return tx
}

// Simulate runs a call on two peers and commits nothing. It fails the test when they differ.
func (w *World) Simulate(c *Caller, function string, args ...string) replay.Result {
	w.T.Helper()
	return w.simulate(w.Tx(c, function, args...))
}

func (w *World) simulate(tx replay.Tx) replay.Result {
	w.T.Helper()
	r := w.Engine.ExecuteAt(w.State, tx, w.Now)
	if again := w.Engine.ExecuteAt(w.State, tx, w.Now); !reflect.DeepEqual(r, again) {
		w.T.Errorf("%s: two peers would differ: %+v and %+v", tx.Args[0], r, again)
	}
	return r
}

// Call runs a call and commits it when it succeeds. A refusal comes back as an error.
func (w *World) Call(c *Caller, function string, args ...string) (string, error) {
	w.T.Helper()
	tx := w.Tx(c, function, args...)
	r := w.simulate(tx)
	err := w.Commit(r)
	if err == nil && len(r.Writes) > 0 {
		w.Past = append(w.Past, Committed{tx, r, replay.Version{Block: w.Block}})
	}
	return string(r.Payload), err
}

// Evaluate runs a call and forgets what it would write. A refusal comes back as an error.
func (w *World) Evaluate(c *Caller, function string, args ...string) (string, error) {
	w.T.Helper()
	r := w.Simulate(c, function, args...)
	if !r.OK() {
		return "", refusal(r.Message)
	}
	return string(r.Payload), nil
}

// Must is Call for a call that the ledger must take.
func (w *World) Must(c *Caller, function string, args ...string) string {
	w.T.Helper()
	out, err := w.Call(c, function, args...)
	if err != nil {
		w.T.Fatalf("%s: %v", function, err)
	}
	return out
}

// Refused demands exactly this refusal, and that nothing is written.
func (w *World) Refused(want *ledger.Refusal, c *Caller, function string, args ...string) {
	w.T.Helper()
	before := len(w.State.Keys())
	if _, err := w.Call(c, function, args...); !errors.Is(err, want) {
		w.T.Errorf("%s: got %v, want %s", function, err, want.Code)
	}
	if after := len(w.State.Keys()); after != before {
		w.T.Errorf("%s: a refused call wrote %d keys", function, after-before)
	}
}

// Commit commits a simulated call as its block. The form of a refusal, of keys and of the one event are
// checked.
func (w *World) Commit(r replay.Result) error {
	w.T.Helper()
	if !r.OK() {
		return refusal(r.Message)
	}
	if len(r.Writes) > 0 && r.Events != 1 {
		return fmt.Errorf("a writing transaction set %d events", r.Events)
	}
	for _, write := range r.Writes {
		if _, err := state.FamilyOf(write.Key); err != nil {
			return fmt.Errorf("a key that belongs to no family: %s", write.Key)
		}
	}
	return w.State.Commit(r, replay.Version{Block: w.Block})
}

// refusal reads the one JSON line in which a refusal leaves.
func refusal(message string) error {
	r, ok := ledger.ParseRefusal(message)
	if !ok {
		return fmt.Errorf("a refusal that is not a JSON line: %s", message)
	}
	if r.Line() != message {
		return fmt.Errorf("a refusal with something around it: %s", message)
	}
	return r
}

// Read calls a function that only reads, and decodes its result.
func Read[T any](w *World, c *Caller, function string, args ...string) T {
	w.T.Helper()
	r := w.Simulate(c, function, args...)
	if !r.OK() {
		w.T.Fatalf("%s: %s", function, r.Message)
	}
	if len(r.Writes) > 0 || r.Events > 0 {
		w.T.Fatalf("%s wrote", function)
	}
	return Decode[T](w, string(r.Payload))
}

// Decode reads a result.
func Decode[T any](w *World, text string) T {
	w.T.Helper()
	var v T
	if err := ledger.DecodeCanonical([]byte(text), &v); err != nil {
		w.T.Fatalf("%v: %s", err, text)
	}
	return v
}
