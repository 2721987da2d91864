package main

import (
	"context"
	"errors"
	"iter"
	"log/slog"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/network/partner/custodian"
)

// way is an identity's way to the ledger: writes and events through any peer, reads from the own partner's alone.
type way struct {
	any *client.Client
	own *client.Client
}

// open connects; both clients connect to a peer only when they need it. The own peer is read only as it is after the
// last event or write that either saw (T34).
func (c *common) open(log *slog.Logger) (*way, error) {
	seen := &client.Seen{}
	anyPeer, err := client.Open(c.Connection, c.Identity, client.Config{Seen: seen, Log: log})
	if err != nil {
		return nil, err
	}
	own, err := client.Open(c.Connection, c.Identity, client.Config{Seen: seen, Log: log, Own: true})
	if err != nil {
		return nil, errors.Join(err, anyPeer.Close())
	}
	return &way{any: anyPeer, own: own}, nil
}

func (w *way) close() { _ = errors.Join(w.any.Close(), w.own.Close()) } // the process ends

// Submit implements custodian.Ledger and registrar.Ledger.
func (w *way) Submit(ctx context.Context, function string, args ...string) (string, error) {
	r, err := w.any.Submit(ctx, function, args...)
	return string(r.Payload), err
}

// Evaluate implements custodian.Ledger and registrar.Ledger.
func (w *way) Evaluate(ctx context.Context, function string, args ...string) (string, error) {
	doc, err := w.own.Evaluate(ctx, function, args...)
	return string(doc), err
}

// wide is a way whose reads go to any peer: for an oracle, whose every word the chaincode checks.
type wide struct{ *way }

// Evaluate implements oracle.Ledger.
func (w wide) Evaluate(ctx context.Context, function string, args ...string) (string, error) {
	doc, err := w.any.Evaluate(ctx, function, args...)
	return string(doc), err
}

// Events implements oracle.Ledger.
func (w wide) Events(ctx context.Context, from client.Checkpoint) iter.Seq2[client.Event, error] {
	return w.any.Events(ctx, from)
}

// Follow implements custodian.Ledger.
func (w *way) Follow(ctx context.Context, after custodian.Cursor, handle func(custodian.Event) error) error {
	for e, err := range w.any.Events(ctx, client.Checkpoint{Block: after.Block, TxID: after.Transaction}) {
		if err != nil {
			return err
		}
		at := custodian.Cursor{Block: e.Block, Transaction: e.TxID}
		if err := handle(custodian.Event{At: at, Name: e.Name, Payload: e.Payload}); err != nil {
			return err
		}
	}
	return ctx.Err()
}
