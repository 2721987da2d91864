// Package heartbeat proposes the time to the ledger: it submits governance:Tick with this partner's own clock
// once an interval (T7). Every partner may run one; the first tick of an interval moves the ledger's clock,
// the others find it moved already.
//
// Does not have to be trusted: endorsing partners compare each tick with clocks of their own. Does not end
// while the ledger is away: it logs the failure and tries again. [Run] returns only ctx's error.
package heartbeat

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// Interval is the default time between ticks: T7 asks for about one a minute, and endorsers sign no answer when the
// ledger's clock is three minutes old.
const Interval = time.Minute

// Bounds of the wait after a failure: a tick should follow soon after an outage has ended.
const (
	firstBackoff = time.Second
	lastBackoff  = 15 * time.Second
)

// Ledger submits and reads; *client.Client implements it.
type Ledger interface {
	Submit(ctx context.Context, function string, args ...string) (client.Result, error)
	Evaluate(ctx context.Context, function string, args ...string) ([]byte, error)
}

// Config holds what is optional.
type Config struct {
	Interval time.Duration    // default Interval; the demo uses 20 s
	Now      func() time.Time // default time.Now
	Log      *slog.Logger     // default none
	Ticked   func()           // called after each tick that the ledger accepted or had already; for a readiness probe
}

// Run ticks until ctx ends, and returns ctx's error.
func Run(ctx context.Context, l Ledger, config Config) error {
	if config.Interval <= 0 {
		config.Interval = Interval
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	failures := 0
	for {
		wait := config.Interval
		if err := tick(ctx, l, config); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			wait = min(firstBackoff<<min(failures, 10), lastBackoff, config.Interval)
			failures++
			config.Log.WarnContext(ctx, "heartbeat: no tick was committed, trying again", "error", err,
				"failures", failures, "retry", wait)
		} else {
			failures = 0
			if config.Ticked != nil {
				config.Ticked()
			}
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// Once ticks once as a partner's identity, for a channel on which no heartbeat runs yet. A clock that another
// partner has just moved is no error; a peer that lacks the configuration, which others just brought in
// force, is waited for (T34).
func Once(ctx context.Context, connection, identity, channel string) error {
	c, err := client.Open(connection, identity, client.Config{Channel: channel, Newest: true})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // one call was made
	return tick(ctx, c, Config{Interval: Interval, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
}

func tick(ctx context.Context, l Ledger, config Config) error {
	now := config.Now().Unix()
	if isFresh(ctx, l, now, config.Interval) { // another partner has just ticked: a second tick would only conflict
		config.Log.DebugContext(ctx, "heartbeat: the ledger's clock is fresh", "time", now)
		return nil
	}
	result, err := l.Submit(ctx, "governance:Tick", strconv.FormatInt(now, 10))
	var refusal *ledger.Refusal
	switch {
	case err == nil:
		config.Log.InfoContext(ctx, "heartbeat: ticked", "time", now, "tx", result.TxID, "block", result.Block)
		return nil
	case errors.As(err, &refusal) && refusal.Kind == ledger.Conflict: // another partner was faster
		config.Log.DebugContext(ctx, "heartbeat: another partner's tick came first", "time", now, "code",
			refusal.Code)
		return nil
	}
	return err
}

// isFresh reports whether the ledger's clock was moved within half an interval. It reports false when the
// clock can't be read.
func isFresh(ctx context.Context, l Ledger, now int64, interval time.Duration) bool {
	raw, err := l.Evaluate(ctx, "governance:Clock")
	if err != nil {
		return false
	}
	var clock consortium.Clock
	if json.Unmarshal(raw, &clock) != nil {
		return false
	}
	age := time.Duration(now-clock.Time) * time.Second
	return age >= 0 && age < interval/2
}
