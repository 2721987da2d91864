package mixer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/profile/beverage"
)

// handClock jumps: a wait passes at once; from the cut on it fails as an abort does.
type handClock struct {
	now time.Time
	cut time.Time
}

func (c *handClock) Now() time.Time { return c.now }

func (c *handClock) Wait(_ context.Context, d time.Duration) error {
	if !c.cut.IsZero() && c.now.Add(d).After(c.cut) {
		c.now = c.cut
		return context.Canceled
	}
	c.now = c.now.Add(d)
	return nil
}

const spritz = `{"format":"beverage/1","title":"T","description":"","ingredients":["a","b"],"steps":2,"volume":130000}
{"step":1,"components":[{"ingredient":"a","ul":100000},{"ingredient":"b","ul":20000}],"timing":1,"sleep":500}
{"step":2,"components":[{"ingredient":"b","ul":10000}],"timing":0,"sleep":0}
`

func produce(t *testing.T, recipe string, pumps []Pump, clock *handClock) (*Mixer, error) {
	t.Helper()
	m, err := New(pumps, Config{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	r, err := beverage.Open(strings.NewReader(recipe))
	if err != nil {
		t.Fatal(err)
	}
	return m, m.Produce(t.Context(), r)
}

func TestProduce(t *testing.T) {
	clock := &handClock{now: time.Unix(0, 0)}
	var events []Event
	m, err := New([]Pump{bench(1, "a", 150_000), bench(2, "b", 500_000)},
		Config{Clock: clock, Report: func(e Event) { events = append(events, e) }})
	if err != nil {
		t.Fatal(err)
	}
	r, err := beverage.Open(strings.NewReader(spritz))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Produce(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got, want := clock.now.Sub(time.Unix(0, 0)), 11500*time.Millisecond; got != want {
		t.Errorf("took %s, want %s", got, want)
	}
	if p := m.Pumps(); p[0].Level != 50_000 || p[1].Level != 470_000 {
		t.Errorf("levels %d and %d, want 50000 and 470000", p[0].Level, p[1].Level)
	}
	if m.State() != Idle {
		t.Errorf("state %s, want idle", m.State())
	}
	want := []Event{
		{Kind: Stopped, Step: 1, Pump: 1, Percent: 100},
		{Kind: Warning, Pump: 1},
		{Kind: StepDone, Step: 1, Percent: 92},
		{Kind: StepDone, Step: 2, Percent: 100},
		{Kind: Changed, State: Idle},
	}
	at := 0
	for _, e := range events {
		if at < len(want) && e == want[at] {
			at++
		}
	}
	if at != len(want) {
		t.Errorf("event %+v did not come in its order; got %+v", want[at], events)
	}
}

func TestProduceRefusals(t *testing.T) {
	full := []Pump{bench(1, "a", 500_000), bench(2, "b", 500_000)}
	tests := []struct {
		name    string
		recipe  string
		pumps   []Pump
		cut     time.Duration
		wantErr error
		state   State
		level   beverage.Microliter // left under pump 1
	}{
		{
			name: "an ingredient stands under no pump", recipe: spritz, pumps: full[:1], wantErr: ErrIngredient,
			state: Idle, level: 500_000,
		},
		{
			name: "a bottle runs out in step 1", recipe: spritz, pumps: []Pump{bench(1, "a", 99_999), full[1]},
			wantErr: ErrLevel, state: Failed, level: 99_999,
		},
		{
			name: "abort after four seconds keeps what was poured", recipe: spritz, pumps: full,
			cut: 4 * time.Second, wantErr: ErrAborted, state: Failed, level: 460_000,
		},
		{
			name: "the stream ends early", recipe: spritz[:strings.LastIndex(spritz, "{\"step\"")], pumps: full,
			wantErr: ErrRecipe, state: Failed, level: 400_000,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := &handClock{now: time.Unix(0, 0)}
			if tt.cut > 0 {
				clock.cut = clock.now.Add(tt.cut)
			}
			m, err := produce(t, tt.recipe, tt.pumps, clock)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v, want %v", err, tt.wantErr)
			}
			if m.State() != tt.state {
				t.Errorf("state %s, want %s", m.State(), tt.state)
			}
			if got := m.Pumps()[0].Level; got != tt.level {
				t.Errorf("pump 1 has %d left, want %d", got, tt.level)
			}
		})
	}
}

func TestErrorStateMayStartAgain(t *testing.T) {
	clock := &handClock{now: time.Unix(0, 0), cut: time.Unix(1, 0)}
	m, err := produce(t, spritz, []Pump{bench(1, "a", 500_000), bench(2, "b", 500_000)}, clock)
	if !errors.Is(err, ErrAborted) {
		t.Fatal(err)
	}
	clock.cut = time.Time{}
	r, err := beverage.Open(strings.NewReader(spritz))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Produce(t.Context(), r); err != nil {
		t.Fatalf("after an abort: %v", err)
	}
}

func TestService(t *testing.T) {
	clock := &handClock{now: time.Unix(0, 0)}
	m, err := New([]Pump{bench(1, "a", 100_000)}, Config{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context(), 1, 1000, time.Second); !errors.Is(err, ErrBusy) {
		t.Fatalf("a pump ran by hand outside service: %v", err)
	}
	if err := m.Service(true); err != nil {
		t.Fatal(err)
	}
	r, err := beverage.Open(strings.NewReader(spritz))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Produce(t.Context(), r); !errors.Is(err, ErrBusy) {
		t.Errorf("a recipe started in service: %v", err)
	}
	if err := m.Run(t.Context(), 1, 1000, time.Second); err != nil {
		t.Fatal(err)
	}
	if got := m.Pumps()[0].Level; got != 90_000 {
		t.Errorf("level %d after a second at 10 ml/s, want 90000", got)
	}
	if err := m.Service(false); err != nil || m.State() != Idle {
		t.Errorf("leave service: %v, state %s", err, m.State())
	}
}
