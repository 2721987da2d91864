package market

import (
	"context"
	"errors"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ErrWaiting means that the time to wait ended before what was waited for. Nothing is lost; the same command
// goes on waiting.
var ErrWaiting = ledger.Refuse(ledger.Unavailable, "machine.waiting", "not finished yet: run the same command again")

// PollEvery is how often a machine asks whether a payment was settled or a grant answered.
const PollEvery = time.Second

// lag is how many times something that was just written may be unknown to the peer that is asked next: it
// catches up within a block or two.
const lag = 15

// Poll asks again, every so often, until done, or refused for good, or ctx ends. A server that is away for a
// while is no refusal. Once ctx has ended, the answer is ErrWaiting: it saw the last error of a server, or
// else what seen says.
func Poll(
	ctx context.Context, every time.Duration, seen func(context.Context) string, ask func() (done bool, err error),
) error {
	tick := time.NewTicker(max(every, time.Millisecond))
	defer tick.Stop()
	for asked := 1; ; asked++ {
		done, err := ask()
		ended := ctx.Err() != nil
		if done || (err != nil && !ended && !WorthRetry(err) && !mayAppear(err, asked)) {
			return err
		}
		if !ended {
			select {
			case <-ctx.Done():
				ended = true
			case <-tick.C:
			}
		}
		if ended {
			return waiting(ctx, seen, err)
		}
	}
}

func waiting(ctx context.Context, seen func(context.Context) string, last error) error {
	if _, refused := errors.AsType[*ledger.Refusal](last); refused {
		return errors.Join(ErrWaiting.With(last.Error()), last)
	}
	return ErrWaiting.With(seen(context.WithoutCancel(ctx)))
}

// mayAppear says that what was not found may still be on its way to the peer that answered.
func mayAppear(err error, asked int) bool {
	var r *ledger.Refusal
	return errors.As(err, &r) && r.Kind == ledger.NotFound && asked < lag
}

// CaughtUp repeats a request right after a write for as long as the peers that answer may not have seen the
// write yet. It returns at once when the server can't be reached at all.
func CaughtUp(ctx context.Context, every time.Duration, ask func() error) error {
	var last error
	asked := 0
	unseen := func(context.Context) string { return "no answer in time" }
	err := Poll(ctx, every, unseen, func() (bool, error) {
		last = ask()
		asked++
		done := last == nil || errors.Is(last, ErrOffline) || asked >= lag
		return done, last
	})
	if last != nil && !errors.Is(err, ErrWaiting) {
		return last
	}
	return err
}

// WorthRetry says that asking again may help: the server was away, or its peers could not judge now.
func WorthRetry(err error) bool {
	var r *ledger.Refusal
	return errors.As(err, &r) && r.Kind == ledger.Unavailable
}
