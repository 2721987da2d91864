package play

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/guildmark/guildmark/network/topology"
)

// each does something for all partners at once, and says for whom it failed.
func (n *Network) each(ctx context.Context, what string, do func(context.Context, topology.Partner) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for _, p := range n.partners() {
		group.Go(func() {
			if err := do(ctx, p); err != nil {
				cancel(fmt.Errorf("%s of %s: %w", what, p.Name, err)) // the first one counts
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// retry tries until it works, the error is final, or patience ends. Gossip, listeners and leaders come a moment after their processes.
func retry(ctx context.Context, do func(context.Context) error) error {
	return retryFor(ctx, patience, do)
}

func retryFor(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	var last error
	for {
		err := do(ctx)
		var stop final
		switch {
		case err == nil:
			return nil
		case errors.As(err, &stop):
			return stop.error
		case ctx.Err() == nil:
			last = err
		case last == nil:
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, last: %w", ctx.Err(), last)
		case <-tick.C:
		}
	}
}

// final marks an error that trying again won't mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }
