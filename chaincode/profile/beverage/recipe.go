package beverage

import (
	_ "embed" // for Schema
	"fmt"
	"time"
)

// Profile is the format's name, in the header of a recipe, in manifests and in machine.json.
const Profile = "beverage/1"

// Schema is the JSON Schema (draft 2020-12) of the header ($defs/header) and of a step ($defs/line).
//
//go:embed schema.json
var Schema []byte

// Microliter is a volume; 1,000 of them are one milliliter. Recipes and bottles are counted in it, so that no
// rounding of milliliters adds up over a day.
type Microliter int64

// Timing says how the components of one step run beside each other.
type Timing int

// The timings, by the format's numbers.
const (
	Machine    Timing = iota // the machine decides
	Parallel                 // all at once, each as fast as it can
	Together                 // all end at the same moment, the faster ones slowed down
	Sequential               // one after the other, in the recipe's order
)

// String is the timing's name.
func (t Timing) String() string {
	names := [...]string{"machine", "parallel", "together", "sequential"}
	if t < 0 || int(t) >= len(names) {
		return fmt.Sprintf("timing %d", int(t))
	}
	return names[t]
}

// Component is one ingredient of a step.
type Component struct {
	Ingredient string
	Amount     Microliter
}

// Step is one line of a recipe: components that run in one timing, then a pause.
type Step struct {
	Components []Component
	Timing     Timing
	Pause      time.Duration
}

// MaxComponents is how many ingredients a recipe has at most: a mixer drives eight pumps.
const MaxComponents = 8

// FormatError says what is wrong with a recipe.
type FormatError struct {
	Line int    // from 1
	Rule string // what the format demands; it never holds anything of the recipe
	Saw  string // what stands there instead, "" if the rule says it all; only for who owns the recipe
}

// Error names line and rule: it may leave a machine's runtime, since it says nothing of what the recipe holds.
func (e *FormatError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Rule) }

// Detail is the error with what was seen, for the recipe's owner.
func (e *FormatError) Detail() string {
	if e.Saw == "" {
		return e.Error()
	}
	return e.Error() + ", got " + e.Saw
}
