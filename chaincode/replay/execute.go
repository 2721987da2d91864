package replay

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/guildmark/guildmark/chaincode/contract"
)

// Tx is a transaction proposal: what the chaincode sees of it.
type Tx struct {
	ID        string
	Channel   string
	Creator   []byte // msp.SerializedIdentity, as the signature header carries it
	Timestamp time.Time
	Args      [][]byte // function name first
}

// Read is a key that a transaction read, and the version that it saw.
type Read struct {
	Key     string
	Found   bool
	Version Version
}

// RangeRead is a range that a transaction read, and what it saw there.
type RangeRead struct {
	Start, End string
	Found      []Read
}

// Write is one entry of a write set.
type Write struct {
	Key    string
	Value  []byte
	Delete bool
}

// Event is what a transaction announces.
type Event struct {
	Name    string
	Payload []byte
}

// Result is what a transaction's simulation gives. Keys are sorted; each stands once.
type Result struct {
	Status  int32
	Message string // of a refusal: see ledger.ParseRefusal
	Payload []byte
	Reads   []Read
	Ranges  []RangeRead
	Writes  []Write
	Event   *Event
	Events  int // how often an event was set: contracts set one
}

// OK reports whether the transaction succeeded.
func (r *Result) OK() bool { return r.Status < shim.ERRORTHRESHOLD }

// agreeing is the time at which an endorser's own clock rejects nothing: the proposed time of a tick, the
// timestamp of everything else.
func agreeing(tx Tx) time.Time {
	if len(tx.Args) == 2 && string(tx.Args[0]) == "governance:Tick" {
		if seconds, err := strconv.ParseInt(string(tx.Args[1]), 10, 64); err == nil {
			return time.Unix(seconds, 0)
		}
	}
	return tx.Timestamp
}

// Run simulates a transaction of any chaincode on the state, which it doesn't change.
func Run(cc shim.Chaincode, state State, tx Tx) Result {
	s := &stub{
		tx: tx, state: state,
		reads: map[string]Read{}, ranges: map[[2]string]RangeRead{}, writes: map[string]Write{},
	}
	response := cc.Invoke(s)
	r := Result{
		Status: response.GetStatus(), Message: response.GetMessage(), Payload: response.GetPayload(),
		Reads: slices.SortedFunc(maps.Values(s.reads), func(a, b Read) int { return cmp.Compare(a.Key, b.Key) }),
		Ranges: slices.SortedFunc(maps.Values(s.ranges),
			func(a, b RangeRead) int { return cmp.Compare(a.Start, b.Start) }),
	}
	if r.OK() {
		r.Writes = slices.SortedFunc(maps.Values(s.writes), func(a, b Write) int { return cmp.Compare(a.Key, b.Key) })
		r.Event, r.Events = s.event, s.events
	}
	return r
}

// Engine runs transactions of the real contracts. It is for one goroutine.
type Engine struct {
	chaincode *contract.Chaincode
	now       time.Time // what the contracts read as the endorser's own clock
}

// NewEngine builds the contracts.
func NewEngine() (*Engine, error) {
	e := &Engine{}
	cc, err := contract.New(func() time.Time { return e.now })
	if err != nil {
		return nil, fmt.Errorf("build an engine: %w", err)
	}
	e.chaincode = cc
	return e, nil
}

// Execute runs one transaction on the state, which it does not change, as if the endorser's own clock agreed
// with the transaction: a clock can only reject a call, and a transaction in a block was not rejected.
func (e *Engine) Execute(state State, tx Tx) Result { return e.ExecuteAt(state, tx, agreeing(tx)) }

// ExecuteAt is Execute with the endorser's own clock at now, for test worlds in which clocks disagree (T7).
func (e *Engine) ExecuteAt(state State, tx Tx, now time.Time) Result {
	e.now = now
	return Run(e.chaincode, state, tx)
}
