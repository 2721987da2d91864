// Package projection writes the ledger's events into the read model, in order and each once: the cursor moves
// in the transaction that writes the rows.
//
// Does not read a peer's state: what is not in an event is not in the read model. Read projection.go first,
// then event.go, which has the rows of each event.
package projection

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/guildmark/guildmark/gateway/store"
)

// Event is one chaincode event of a valid transaction.
type Event struct {
	Block   uint64
	TxID    string
	Name    string
	Payload []byte
}

// Source opens the stream of events after the cursor. The channel closes when the stream breaks or ctx ends.
type Source func(ctx context.Context, after store.Cursor) (<-chan Event, error)

// maxBatch bounds the events of one SQLite transaction, so that a crash during a rebuild loses little.
const maxBatch = 256

// Projection moves events into a store.
type Projection struct {
	Store  *store.Store
	Source Source
	Log    *slog.Logger
}

// Run follows the ledger until ctx ends, then returns nil. A stream that ends is opened again at the stored
// cursor.
func (p *Projection) Run(ctx context.Context) error {
	wait := minWait
	for {
		n, broken := p.follow(ctx)
		if n > 0 {
			wait = minWait
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		p.Log.WarnContext(ctx, "event stream ended; opening it again", "waited", wait.String(), "error", broken)
		wait = min(2*wait, maxWait)
	}
}

// Between tries to open a stream: short enough for a peer's restart, long enough not to burden a dead one.
const (
	minWait = 100 * time.Millisecond
	maxWait = 5 * time.Second
)

func (p *Projection) follow(ctx context.Context) (applied int, err error) {
	cursor, err := p.Store.Cursor(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := p.Source(ctx, cursor)
	if err != nil {
		return 0, fmt.Errorf("open event stream: %w", err)
	}
	for first := range events {
		batch := drain(first, events)
		last := batch[len(batch)-1]
		err := p.Store.Apply(ctx, store.Cursor{Block: last.Block, TxID: last.TxID}, func(b *store.Batch) error {
			for _, e := range batch {
				if err := p.project(ctx, b, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return applied, err
		}
		applied += len(batch)
	}
	return applied, nil
}

// drain collects the first event and those that are ready, up to maxBatch.
func drain(first Event, events <-chan Event) []Event {
	batch := []Event{first}
	for len(batch) < maxBatch {
		select {
		case e, ok := <-events:
			if !ok {
				return batch
			}
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}
