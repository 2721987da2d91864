package fabric

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	retryEvery = 100 * time.Millisecond
	patience   = time.Minute // steps take 1-5 s on a quiet machine; twice that where other builds run beside
)

// retry tries until it works, the error is permanent, or patience ends. Gossip, listeners and leaders come a
// moment after their processes.
func retry(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := do(ctx)
		if ctx.Err() == nil || last == nil { // the end of ctx says less than the error before it
			last = err
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(retryEvery)), backoff.WithMaxElapsedTime(0))
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w, last: %w", ctx.Err(), last)
	}
	return err
}
