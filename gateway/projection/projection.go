// Package projection feeds the read model from the ledger's events, in order, each once: the cursor moves in the
// transaction that writes the rows.
//
// It refuses to ask a peer for state: what isn't in an event isn't in the read model.
package projection

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"guildmark/chaincode/dataset"
	"guildmark/chaincode/machine"
	"guildmark/chaincode/order"
	"guildmark/gateway/store"
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

// maxBatch bounds the events of one SQLite transaction: a rebuild commits often enough to lose little to a crash.
const maxBatch = 256

// Projection moves events into a store.
type Projection struct {
	Store  *store.Store
	Source Source
	Log    *slog.Logger
}

// Run follows the ledger until ctx ends; a broken stream is opened again at the stored cursor.
func (p *Projection) Run(ctx context.Context) error {
	wait := minWait
	for {
		n, err := p.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if n > 0 {
			wait = minWait
		}
		p.Log.WarnContext(ctx, "event stream ended, opening it again", "after", wait, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
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

// drain takes what is ready beside the first event.
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

// project writes one event's rows. An event that can't be read is logged and passed over: it came from the ledger
// and will never read better, and the ones after it must not wait for it.
func (p *Projection) project(ctx context.Context, b *store.Batch, e Event) error {
	var unreadable error
	var write func() error
	switch e.Name {
	case "dataset.published":
		write, unreadable = published(ctx, b, e.Payload)
	case "dataset.confirmed":
		write, unreadable = confirmed(ctx, b, e.Payload)
	case "offer.made":
		write, unreadable = offered(ctx, b, e.Payload)
	case "machine.registered":
		write, unreadable = registered(ctx, b, e.Payload)
	case "order.placed":
		write, unreadable = placed(ctx, b, e.Payload)
	case "order.settled":
		write, unreadable = settled(ctx, b, e.Payload)
	default:
		return nil
	}
	if unreadable != nil {
		p.Log.ErrorContext(ctx, "event can't be read", "event", e.Name, "block", e.Block, "tx", e.TxID, "error", unreadable)
		return nil
	}
	return write()
}

func published(ctx context.Context, b *store.Batch, payload []byte) (func() error, error) {
	var doc struct {
		Manifest    []byte          `json:"manifest"`
		Publication json.RawMessage `json:"publication"`
	}
	if err := json.Unmarshal(payload, &doc); err != nil {
		return nil, err
	}
	var publication struct {
		Envelope string `json:"envelope"`
	}
	if err := json.Unmarshal(doc.Publication, &publication); err != nil {
		return nil, err
	}
	var m dataset.Manifest
	if err := json.Unmarshal(doc.Manifest, &m); err != nil {
		return nil, err
	}
	return func() error {
		return b.PutDataset(ctx, store.Dataset{ID: m.Dataset, Version: m.Version, Manifest: doc.Manifest, Publication: doc.Publication,
			BodyHash: m.BodyHash, BodySize: m.BodySize, Envelope: publication.Envelope})
	}, nil
}

func confirmed(ctx context.Context, b *store.Batch, payload []byte) (func() error, error) {
	var c struct {
		Dataset string `json:"dataset"`
		Version int    `json:"version"`
		MSP     string `json:"msp"`
		Final   bool   `json:"final"`
	}
	err := json.Unmarshal(payload, &c)
	return func() error { return b.Confirm(ctx, c.Dataset, c.Version, c.MSP, c.Final) }, err
}

func offered(ctx context.Context, b *store.Batch, payload []byte) (func() error, error) {
	var o dataset.Offer
	err := json.Unmarshal(payload, &o)
	return func() error {
		return b.PutOffer(ctx, store.Offer{ID: o.ID, Dataset: o.Dataset, Version: o.Version, Doc: payload})
	}, err
}

func registered(ctx context.Context, b *store.Batch, payload []byte) (func() error, error) {
	var m machine.Machine
	err := json.Unmarshal(payload, &m)
	return func() error { return b.PutMachine(ctx, m.ID, payload) }, err
}

func placed(ctx context.Context, b *store.Batch, payload []byte) (func() error, error) {
	var o order.Order
	err := json.Unmarshal(payload, &o)
	return func() error { return b.PutOrder(ctx, o.ID, o.Machine, o.Number, payload) }, err
}

func settled(ctx context.Context, b *store.Batch, payload []byte) (func() error, error) {
	var s struct {
		Settlement order.Settlement `json:"settlement"`
	}
	err := json.Unmarshal(payload, &s)
	return func() error { return b.Settle(ctx, s.Settlement.Order) }, err
}
