package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/cenkalti/backoff/v5"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/network/partner/bitcoin"
)

// Ledger is the part of the ledger client that an oracle uses; the functions are those of chaincode/docs/ledger.md.
type Ledger interface {
	Submit(ctx context.Context, function string, args ...string) (string, error)
	Evaluate(ctx context.Context, function string, args ...string) (string, error)
	// Events yields the chaincode's events from a checkpoint on, for ever, and ctx's error last.
	Events(ctx context.Context, from client.Checkpoint) iter.Seq2[client.Event, error]
}

// Node is the part of the client of the partner's own Bitcoin node that an oracle uses.
type Node interface {
	Best(ctx context.Context) (spv.Height, error)
	HashAt(ctx context.Context, h spv.Height) (chainhash.Hash, bool, error)
	Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error)
	Headers(ctx context.Context, after chainhash.Hash, limit int) ([][spv.HeaderSize]byte, error)
}

// Interval is the default pause between two rounds; an event of the ledger ends a pause early.
const Interval = 2 * time.Second

// Config is an oracle's configuration; MSP, State, Ledger and Node are required.
type Config struct {
	MSP      string // the partner's
	State    string // folder of its own, kept over restarts
	Ledger   Ledger
	Node     Node
	Interval time.Duration // 0 = Interval
	Log      *slog.Logger  // nil = none
	Rounded  func()        // called after each round without an error; nil = none
}

// Oracle is one partner's oracle.
type Oracle struct {
	config  Config
	chain   consortium.Bitcoin
	epoch   int64 // seconds
	start   spv.Block
	watch   *watch
	cursor  *bitcoin.Cursor
	recent  []indexed // what the cursor remembers, oldest first
	open    map[candidate]bool
	learned chan client.Event
	queue   []client.Event // received, not processed yet
}

// candidate is a transaction that pays an order and whose proof the ledger has not accepted yet.
type candidate struct {
	order string
	index int // position in the block
	block spv.Block
}

// New makes an oracle. It reads no file and starts nothing.
func New(c Config) (*Oracle, error) {
	if c.MSP == "" || c.State == "" || c.Ledger == nil || c.Node == nil {
		return nil, errors.New("oracle: expected MSP, State, Ledger and Node in its Config, at least one is empty")
	}
	if c.Interval <= 0 {
		c.Interval = Interval
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Rounded == nil {
		c.Rounded = func() {}
	}
	return &Oracle{config: c, open: map[candidate]bool{}, learned: make(chan client.Event, 256)}, nil
}

// Run repeats rounds until ctx ends. A failed round is logged and repeated, so Run survives restarts of the
// node and of the ledger. It returns early only with [bitcoin.ErrTooDeep].
func (o *Oracle) Run(ctx context.Context) error {
	if err := o.begin(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	listening, from := make(chan struct{}), o.watch.at
	go func() {
		defer close(listening)
		o.listen(ctx, from)
	}()
	defer func() { stop(); <-listening }()
	rest := time.NewTicker(o.config.Interval)
	defer rest.Stop()
	for {
		switch err := o.round(ctx); {
		case ctx.Err() != nil:
			return o.watch.close()
		case errors.Is(err, bitcoin.ErrTooDeep):
			return errors.Join(err, o.watch.close()) // a person has to look; the ledger's alarm is on, too
		case err != nil:
			o.config.Log.WarnContext(ctx, "oracle: round failed, it is repeated", "cause", err)
		default:
			o.config.Rounded()
		}
		select {
		case <-ctx.Done():
		case <-rest.C:
		case e := <-o.learned:
			o.queue = append(o.queue, e)
		}
	}
}

// round does headers -> remembered blocks -> events -> new blocks -> attestations and proofs -> cursor. Each
// step may be repeated without effect on the ledger, so a crash at any point costs time only.
func (o *Oracle) round(ctx context.Context) error {
	if err := o.relay(ctx); err != nil {
		return err
	}
	if err := o.recall(ctx); err != nil {
		return err
	}
	if err := o.takeEvents(ctx); err != nil {
		return err
	}
	if err := o.follow(ctx); err != nil {
		return err
	}
	if err := o.settle(ctx); err != nil {
		return err
	}
	o.forget()
	return o.cursor.Save(o.settledUpTo())
}

// begin reads configuration and state. It waits while the ledger does not answer.
func (o *Oracle) begin(ctx context.Context) error {
	if err := o.rules(ctx); err != nil {
		return err
	}
	var err error
	if err := os.MkdirAll(o.config.State, 0o700); err != nil {
		return fmt.Errorf("make the oracle's state folder: %w", err)
	}
	if o.watch, err = openWatch(filepath.Join(o.config.State, "scripts.log")); err != nil {
		return err
	}
	o.cursor, err = bitcoin.OpenCursor(filepath.Join(o.config.State, "cursor.json"), o.start)
	if err != nil {
		return errors.Join(err, o.watch.close())
	}
	return nil
}

// rules reads the governed Bitcoin settings from the ledger and repeats that until the ledger answers.
func (o *Oracle) rules(ctx context.Context) error {
	doc, err := backoff.Retry(ctx, func() (string,
		error,
	) {
		return o.config.Ledger.Evaluate(ctx, "governance:Config", "")
	},
		backoff.WithBackOff(backoff.NewConstantBackOff(o.config.Interval)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, _ time.Duration) {
			o.config.Log.WarnContext(ctx, "oracle: the ledger has no configuration in force yet, asking again",
				"cause", err)
		}))
	if err != nil {
		return err
	}
	return o.adopt(doc)
}

func (o *Oracle) adopt(doc string) error {
	var c consortium.Config
	if err := json.Unmarshal([]byte(doc), &c); err != nil {
		return fmt.Errorf("read the ledger's configuration: %w", err)
	}
	if _, err := spv.RulesFor(c.Bitcoin.Network, c.Bitcoin.FinalDepth, c.Bitcoin.Attestations); err != nil {
		return fmt.Errorf("read the ledger's configuration: %w", err)
	}
	start, err := spv.ParseRecord(c.Bitcoin.Checkpoint)
	if err != nil {
		return fmt.Errorf("read the ledger's configuration: %w", err)
	}
	o.chain, o.epoch, o.start = c.Bitcoin, c.Limits.EpochSeconds, spv.Block{Height: start.Height, Hash: start.Hash}
	return nil
}

// listen forwards the ledger's events to the rounds until ctx ends.
func (o *Oracle) listen(ctx context.Context, from client.Checkpoint) {
	for e, err := range o.config.Ledger.Events(ctx, from) {
		if err != nil {
			return
		}
		select {
		case o.learned <- e:
		case <-ctx.Done():
			return
		}
	}
}

// evaluate calls a read-only function and decodes its result into v.
func (o *Oracle) evaluate(ctx context.Context, v any, function string, args ...string) error {
	doc, err := o.config.Ledger.Evaluate(ctx, function, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return fmt.Errorf("read the result of %s: %w", function, err)
	}
	return nil
}

// refusal is the ledger's refusal behind an error, nil when there is none.
func refusal(err error) *ledger.Refusal {
	var r *ledger.Refusal
	errors.As(err, &r)
	return r
}

func decimal(h spv.Height) string { return strconv.FormatUint(uint64(h), 10) }
