package mixer

import (
	"context"
	"time"
)

// Clock is the time the mixer runs by.
type Clock interface {
	Now() time.Time
	// Wait returns after d of this clock, or earlier with ctx's error.
	Wait(ctx context.Context, d time.Duration) error
}

// Scaled is the wall clock, sped up by the factor: 1 for real pumps, more in demonstrations.
func Scaled(factor int) Clock {
	return scaled{factor: time.Duration(max(1, factor)), begin: time.Now()}
}

type scaled struct {
	factor time.Duration
	begin  time.Time
}

func (s scaled) Now() time.Time { return s.begin.Add(time.Since(s.begin) * s.factor) }

func (s scaled) Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d / s.factor)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
