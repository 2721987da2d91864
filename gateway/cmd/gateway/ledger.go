package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/guildmark/guildmark/chaincode/client"
	rules "github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/gateway/api"
	"github.com/guildmark/guildmark/gateway/projection"
	"github.com/guildmark/guildmark/gateway/store"
)

// What clients are told when the ledger itself couldn't say anything; the cause stays in the log.
var (
	// errUnreachable means that the gateway reaches no peer of the network. Repeat the request later; it had no
	// effect.
	errUnreachable = rules.Refuse(rules.Unavailable, "ledger.unreachable",
		"no peer can be reached now and nothing was written: try again")
	// errOutcome means that a transaction was submitted and its commit could not be observed. Read the state;
	// repeat the request only with the same key.
	errOutcome = rules.Refuse(rules.Unavailable, "ledger.outcome_unknown",
		"it is not known whether the transaction was written: read the state before repeating, or repeat "+
			"with the same key")
	// errInvalidated means that other transactions changed what this one read, in each of its attempts. Repeat
	// the request.
	errInvalidated = rules.Refuse(rules.Unavailable, "ledger.invalidated",
		"other transactions changed what this one read: try again")
	// errBehind means that a peer answered without the newest block that the gateway knows, and did not receive
	// it in time. Repeat the request.
	errBehind = rules.Refuse(rules.Unavailable, "ledger.behind",
		"a partner's peer has not received the newest block yet; try again")
)

// public adds what a client may know to a failure of the ledger client; refusals of the ledger stay as they are.
func public(err error) error {
	var refusal *rules.Refusal
	var invalid *client.CommitError
	switch {
	case err == nil, errors.As(err, &refusal):
		return err
	case errors.Is(err, client.ErrOutcome):
		return errors.Join(errOutcome, err)
	case errors.Is(err, client.ErrBehind):
		return errors.Join(errBehind, err)
	case errors.As(err, &invalid), errors.Is(err, client.ErrMismatch):
		return errors.Join(errInvalidated, err)
	case errors.Is(err, client.ErrUnreachable):
		return errors.Join(errUnreachable, err)
	}
	return err
}

// ledger shapes the ledger client as the gateway's packages want it.
type ledger struct{ client *client.Client }

func openLedger(connection, folder string, seen *client.Seen, log *slog.Logger) (ledger, error) {
	c, err := client.Open(connection, folder, client.Config{Seen: seen, Log: log})
	return ledger{c}, err
}

// Evaluate reads from one peer.
func (l ledger) Evaluate(ctx context.Context, function string, args ...string) ([]byte, error) {
	doc, err := l.client.Evaluate(ctx, function, args...)
	return doc, public(err)
}

// Submit writes and waits for the commit.
func (l ledger) Submit(ctx context.Context, function string, args ...string) ([]byte, error) {
	r, err := l.client.Submit(ctx, function, args...)
	return r.Payload, public(err)
}

// Sign collects an answer that a quorum signed.
func (l ledger) Sign(ctx context.Context, by api.Quorum, function string, args ...string) ([]byte, error) {
	plan, err := client.Quorum(by.K, by.Signing, by.Custodians)
	if err != nil {
		return nil, err
	}
	file, err := l.client.Sign(ctx, plan, function, args...)
	if err != nil {
		return nil, public(err)
	}
	return file.Encode(), nil
}

// events is the projection's source; the client changes peers by itself, so the channel ends with ctx only.
func (l ledger) events(ctx context.Context, after store.Cursor) (<-chan projection.Event, error) {
	out := make(chan projection.Event, 256)
	go func() {
		defer close(out)
		for e, err := range l.client.Events(ctx, client.Checkpoint{Block: after.Block, TxID: after.TxID}) {
			if err != nil {
				return
			}
			select {
			case out <- projection.Event{Block: e.Block, TxID: e.TxID, Name: e.Name, Payload: e.Payload}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}
