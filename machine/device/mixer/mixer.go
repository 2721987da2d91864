package mixer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/machine/device"
)

// Defaults where the setup is silent: a warning under 100 ml, and half of the board's pumps at once.
const (
	defaultWarn   beverage.Microliter = 100_000
	defaultAtOnce int                 = 4
)

// tick is how often a running pump reports.
const tick = 500 * time.Millisecond

// Refusals of a run.
var (
	// ErrRecipe means that the opened data is not a recipe of the format beverage/1; Saw names the line and
	// the rule, never what stands there. The licensor must mend it; the use is counted.
	ErrRecipe = ledger.Refuse(ledger.Invalid, "mixer.recipe", "the data is not a recipe in the format beverage/1")
	// ErrBusy means that the mixer runs a recipe or is in service mode (Saw), or that a pump is run by hand
	// outside service mode. Wait, or change the mode.
	ErrBusy = ledger.Refuse(ledger.Conflict, "mixer.busy", "the mixer is at work or in service")
	// ErrAborted means that the run was stopped by its caller. All pumps stand and the levels are true; the
	// use is counted.
	ErrAborted = ledger.Refuse(ledger.Conflict, "mixer.aborted", "production was aborted; the pumps stand")
)

// Config is what the mixer may be told; its zero value is right.
type Config struct {
	Warn   beverage.Microliter // level under which a bottle is reported
	AtOnce int                 // pumps that run beside each other where the machine decides
	Clock  device.Clock        // the wall clock when nil
	Report func(Event)         // called in order from the goroutine that runs the recipe
}

// Mixer is one machine's pumps. One goroutine at a time uses it.
type Mixer struct {
	config Config
	pumps  []Pump
	state  State
	poured beverage.Microliter // of the recipe that runs
}

// New checks the setup. Nothing moves.
func New(pumps []Pump, config Config) (*Mixer, error) {
	if len(pumps) == 0 || len(pumps) > MaxPumps {
		return nil, ErrSetup.With(fmt.Sprintf("%d pumps, expected 1 to %d", len(pumps), MaxPumps))
	}
	seen := map[int]bool{}
	for _, p := range pumps {
		if err := p.check(); err != nil {
			return nil, err
		}
		if seen[p.Number] {
			return nil, ErrSetup.With(fmt.Sprintf("pump %d twice", p.Number))
		}
		seen[p.Number] = true
	}
	if config.Warn == 0 {
		config.Warn = defaultWarn
	}
	if config.AtOnce == 0 {
		config.AtOnce = defaultAtOnce
	}
	if config.Clock == nil {
		config.Clock = device.Wall{}
	}
	if config.Report == nil {
		config.Report = func(Event) {}
	}
	m := &Mixer{config: config, pumps: slices.Clone(pumps), state: Uninitialized}
	m.enter(Idle)
	return m, nil
}

// State is what the mixer does now.
func (m *Mixer) State() State { return m.state }

// Pumps is a copy of the pumps with their levels.
func (m *Mixer) Pumps() []Pump { return slices.Clone(m.pumps) }

// Produce runs a recipe step by step as it streams in: check ingredients, then for each step schedule and pour.
func (m *Mixer) Produce(ctx context.Context, recipe *beverage.Reader) error {
	if err := m.ready(); err != nil {
		return err
	}
	if err := m.installed(recipe.Ingredients()); err != nil {
		return err
	}
	m.poured = 0
	m.enter(Active)
	if err := m.steps(ctx, recipe); err != nil {
		m.enter(Failed)
		return err
	}
	m.enter(Idle)
	return nil
}

// ready refuses a mixer that is at work or in service.
func (m *Mixer) ready() error {
	if m.state != Idle && m.state != Failed {
		return ErrBusy.With(string(m.state))
	}
	return nil
}

// done is how much of a recipe is in the glass, in percent.
func (m *Mixer) done(recipe *beverage.Reader) int {
	return int(100 * m.poured / max(1, recipe.Volume()))
}

func (m *Mixer) steps(ctx context.Context, recipe *beverage.Reader) error {
	for number := 1; ; number++ {
		step, err := recipe.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read step %d: %w", number, recipeError(err))
		}
		jobs, err := Schedule(step, m.pumps, m.config.AtOnce)
		if err != nil {
			return err
		}
		if err := m.pour(ctx, number, jobs); err != nil {
			return err
		}
		if err := m.wait(ctx, step.Pause); err != nil {
			return err
		}
		m.config.Report(Event{Kind: StepDone, Step: number, Percent: m.done(recipe)})
	}
}

// Service switches service mode, in which single pumps may be run by hand and no recipe starts.
func (m *Mixer) Service(on bool) error {
	switch {
	case on && (m.state == Idle || m.state == Failed):
		m.enter(Service)
	case !on && m.state == Service:
		m.enter(Idle)
	default:
		return ErrBusy.With(string(m.state))
	}
	return nil
}

// Run drives one pump for a time, for calibration and cleaning; only in service mode.
func (m *Mixer) Run(ctx context.Context, number int, drive Drive, length time.Duration) error {
	p := m.pump(number)
	if p == nil || drive <= 0 || drive > 1000 || length <= 0 {
		return ErrSetup.With(fmt.Sprintf("pump %d, drive %d for %s", number, drive, length))
	}
	if m.state != Service {
		return ErrBusy.With(string(m.state))
	}
	flow := p.flow(drive)
	amount := min(p.Level, beverage.Microliter(int64(flow)*length.Milliseconds()/1000))
	return m.pour(ctx, 0, []Job{{Pump: number, Drive: drive, Amount: amount, Length: length}})
}

// installed refuses a recipe of which an ingredient stands under no pump.
func (m *Mixer) installed(ingredients []string) error {
	for i, want := range ingredients {
		if !slices.ContainsFunc(m.pumps, func(p Pump) bool { return p.Ingredient == want }) {
			return ErrIngredient.With(fmt.Sprintf("ingredient %d of the recipe", i+1))
		}
	}
	return nil
}

func (m *Mixer) enter(s State) {
	if m.state == s {
		return
	}
	m.state = s
	m.config.Report(Event{Kind: Changed, State: s})
}

func (m *Mixer) pump(number int) *Pump {
	for i := range m.pumps {
		if m.pumps[i].Number == number {
			return &m.pumps[i]
		}
	}
	return nil
}

func (m *Mixer) wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return ErrAborted
	}
	if d <= 0 {
		return nil
	}
	if err := m.config.Clock.Wait(ctx, d); err != nil {
		return ErrAborted
	}
	return nil
}
