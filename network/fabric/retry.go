package fabric

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	retryEvery = 100 * time.Millisecond
	patience   = time.Minute // steps take 1-5 s on a quiet machine; twice that where other builds run beside
)

// retry tries until it works, the error is final, or patience ends. Gossip, listeners and leaders come a moment after
// their processes.
func retry(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	var last error
	for {
		err := do(ctx)
		stop, isFinal := errors.AsType[final](err)
		switch {
		case err == nil:
			return nil
		case isFinal:
			return stop.error
		case ctx.Err() == nil || last == nil:
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
