package heartbeat

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

type record struct {
	at   time.Time
	args string
}

// recorder answers the n-th call as the test says.
type recorder struct {
	calls  []record
	answer func(n int) error
	clock  int64
}

func (r *recorder) Submit(_ context.Context, function string, args ...string) (client.Result, error) {
	r.calls = append(r.calls, record{time.Now(), function + " " + strings.Join(args, " ")})
	if r.answer == nil {
		return client.Result{TxID: "t"}, nil
	}
	return client.Result{TxID: "t"}, r.answer(len(r.calls))
}

// Evaluate answers governance:Clock with the clock that the test set; without one there is none yet.
func (r *recorder) Evaluate(context.Context, string, ...string) ([]byte, error) {
	if r.clock == 0 {
		return nil, errors.New("no clock yet")
	}
	return ledger.Encode(consortium.Clock{Time: r.clock, Tick: 1}), nil
}

func run(t *testing.T, l *recorder, config Config, during time.Duration) []time.Duration {
	t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	if err := Run(ctx, l, config); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("run ended with %v", err)
	}
	var at []time.Duration
	for _, c := range l.calls {
		at = append(at, c.at.Sub(start))
	}
	return at
}

func TestTicksAtOnceAndEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, ticked := &recorder{}, 0
		at := run(t, l, Config{Interval: 20 * time.Second, Ticked: func() { ticked++ }}, 50*time.Second)
		if len(at) != 3 || at[0] != 0 || at[2] != 40*time.Second || ticked != 3 {
			t.Fatalf("ticks at %v, %d reported", at, ticked)
		}
		if want := "governance:Tick " + strconv.FormatInt(l.calls[1].at.Unix(), 10); l.calls[1].args != want {
			t.Errorf("sent %q, want %q", l.calls[1].args, want)
		}
	})
}

func TestAFreshClockIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// another partner ticks 5 s before our second beat
		l := &recorder{clock: time.Now().Add(15 * time.Second).Unix()}
		at := run(t, l, Config{Interval: 20 * time.Second}, 50*time.Second)
		if len(at) != 2 || at[0] != 0 || at[1] != 40*time.Second {
			t.Errorf("ticks at %v, want those at which the clock was old", at)
		}
	})
}

func TestLosingTheRaceIsFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := &recorder{answer: func(int) error { return consortium.ErrTickBack.With("later") }}
		at := run(t, l, Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, 150*time.Second)
		if len(at) != 3 || at[1] != time.Minute {
			t.Errorf("ticks at %v, want one a minute", at)
		}
		if strings.Contains(log.String(), "WARN") {
			t.Errorf("the log complains: %s", log.String())
		}
	})
}

func TestOutageIsSurvivedWithBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := &recorder{answer: func(n int) error {
			if n <= 7 {
				return client.ErrUnreachable
			}
			return nil
		}}
		at := run(t, l, Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, 170*time.Second)
		want := []time.Duration{0, 1, 3, 7, 15, 30, 45, 60, 120}
		if len(at) != len(want) {
			t.Fatalf("ticks at %v, want %v seconds", at, want)
		}
		for i := range want {
			if at[i] != want[i]*time.Second {
				t.Errorf("tick %d at %v, want %v", i, at[i], want[i]*time.Second)
			}
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 7 {
			t.Errorf("%d warnings, want 7", n)
		}
	})
}
