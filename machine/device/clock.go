package device

import (
	"context"
	"time"
)

// Clock is the time that a device runs by.
type Clock interface {
	Now() time.Time
	// Wait returns after d of this clock, or earlier with ctx's error.
	Wait(ctx context.Context, d time.Duration) error
}

// Wall is the computer's own clock.
type Wall struct{}

// Now implements [Clock].
func (Wall) Now() time.Time { return time.Now() }

// Wait implements [Clock].
func (Wall) Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Scaled is a clock sped up by a factor: 1 for real devices, more in demonstrations.
func Scaled(clock Clock, factor int) Clock {
	if factor <= 1 {
		return clock
	}
	return scaled{clock: clock, factor: time.Duration(factor), begin: clock.Now()}
}

type scaled struct {
	clock  Clock
	factor time.Duration
	begin  time.Time
}

func (s scaled) Now() time.Time { return s.begin.Add(s.clock.Now().Sub(s.begin) * s.factor) }

func (s scaled) Wait(ctx context.Context, d time.Duration) error {
	return s.clock.Wait(ctx, d/s.factor)
}
