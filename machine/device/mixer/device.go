package mixer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/machine/device"
)

// Setup is a mixer as machine.json describes it.
type Setup struct {
	Pumps  []Pump              `json:"pumps"`
	Warn   beverage.Microliter `json:"warn,omitempty"`   // level under which a bottle is reported; 0 = 100 ml
	AtOnce int                 `json:"atOnce,omitempty"` // pumps at once where the machine decides; 0 = 4
	Scale  int                 `json:"scale,omitempty"`  // how many times faster than real pumps; 0 = 1
}

// Level is what a pump's bottle holds at least, in steps of levelStep: exact levels before and after would
// tell the recipe to whoever keeps them. A mixer's state is the list of its levels.
type Level struct {
	Pump int                 `json:"pump"`
	Left beverage.Microliter `json:"left"`
}

// levelStep is how coarsely levels are reported, always less than there is.
const levelStep beverage.Microliter = 10_000

// station is a mixer behind the seam.
type station struct{ mixer *Mixer }

// Open makes a mixer from its setup and from the levels that its last run left; state nil takes the setup's.
func Open(setup, state json.RawMessage, clock device.Clock) (device.Device, error) {
	var s Setup
	if err := ledger.Decode(setup, &s); err != nil {
		return nil, ErrSetup.With(err.Error())
	}
	var levels []Level
	if len(state) > 0 {
		if err := ledger.Decode(state, &levels); err != nil {
			return nil, ErrSetup.With("the kept levels: " + err.Error())
		}
	}
	if s.Warn < 0 || s.AtOnce < 0 || s.Scale < 0 {
		return nil, ErrSetup.With(fmt.Sprintf("warn %d, atOnce %d, scale %d: none may be negative", s.Warn,
			s.AtOnce, s.Scale))
	}
	for i, p := range s.Pumps {
		for _, l := range levels {
			if l.Pump == p.Number {
				s.Pumps[i].Level = min(p.Level, l.Left)
			}
		}
	}
	m, err := New(s.Pumps, Config{Warn: s.Warn, AtOnce: s.AtOnce, Clock: device.Scaled(clock, s.Scale)})
	if err != nil {
		return nil, err
	}
	return &station{m}, nil
}

// Check implements [device.Device]. beverage/1 defines no needs yet; the ingredients are checked when the
// recipe opens.
func (s *station) Check(needs json.RawMessage) error {
	if len(needs) > 0 {
		return device.ErrNeeds.With("needs, where " + beverage.Profile + " has none yet")
	}
	return nil
}

// Ready implements [device.Device].
func (s *station) Ready(_ context.Context, needs, order json.RawMessage) error {
	if err := s.Check(needs); err != nil {
		return err
	}
	if len(order) > 0 {
		return device.ErrOrder.With("details, where " + beverage.Profile + " has none yet")
	}
	return s.mixer.ready()
}

// Produce implements [device.Device]: it runs the recipe and reports what is left in the bottles, also after
// an abort.
func (s *station) Produce(ctx context.Context, _ json.RawMessage, c device.Content, report func(device.Event)) error {
	plain, err := c.Open(ctx, 0)
	if err != nil {
		return err
	}
	recipe, err := beverage.Open(plain)
	if err != nil {
		return recipeError(err)
	}
	s.mixer.config.Report = func(e Event) {
		report(device.Event{Kind: device.Progress, Percent: s.mixer.done(recipe), Device: ledger.Encode(e)})
	}
	err = s.mixer.Produce(ctx, recipe)
	report(device.Event{Kind: device.State, Device: ledger.Encode(s.levels())})
	return err
}

// Safe implements [device.Device]. A pump runs only inside Produce, which stops all of them before it returns.
func (s *station) Safe(context.Context) error { return nil }

// Describe implements [device.Describer].
func (s *station) Describe() string {
	lines := []string{fmt.Sprintf("%d pumps", len(s.mixer.pumps))}
	if len(s.mixer.pumps) == 1 {
		lines[0] = "1 pump"
	}
	for _, p := range s.mixer.pumps {
		lines = append(lines, fmt.Sprintf("%d: %s %d ml", p.Number, p.Ingredient, p.Level/1000))
	}
	return strings.Join(lines, "; ")
}

func (s *station) levels() []Level {
	var left []Level
	for _, p := range s.mixer.Pumps() {
		left = append(left, Level{Pump: p.Number, Left: p.Level / levelStep * levelStep})
	}
	return left
}

// recipeError gives a broken recipe its code. The line and the rule may be told, the recipe itself not.
func recipeError(err error) error {
	if broken, ok := errors.AsType[*beverage.FormatError](err); ok {
		return ErrRecipe.With(broken.Error())
	}
	return err
}
