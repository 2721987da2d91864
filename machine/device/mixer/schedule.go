package mixer

import (
	"fmt"
	"slices"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
)

// Job is one pump's part of a step. Start and Length count from the step's begin.
type Job struct {
	Pump   int
	Drive  Drive
	Amount beverage.Microliter
	Start  time.Duration
	Length time.Duration
}

// end is when the pump stops.
func (j Job) end() time.Duration { return j.Start + j.Length }

// Refusals of steps. They name the component by its place, because its name is part of the recipe.
var (
	// ErrStep means that a step's amount, pause or timing is out of bounds (Saw). The licensor must correct
	// the recipe.
	ErrStep = ledger.Refuse(ledger.Invalid, "mixer.step", "the step can't be run")
	// ErrIngredient means that no pump holds an ingredient of the recipe. Change a bottle and the setup.
	ErrIngredient = ledger.Refuse(ledger.NotFound, "mixer.ingredient", "no pump holds an ingredient of the recipe")
	// ErrLevel means that no bottle of an ingredient holds as much as the step needs. Replace the bottle.
	ErrLevel = ledger.Refuse(ledger.Limit, "mixer.level", "the bottle holds less than the step needs")
)

// Limits of one step: far above any drink, low enough that no product overflows.
const (
	maxAmount beverage.Microliter = 5_000_000
	maxPause  time.Duration       = 10 * time.Minute
)

// Schedule plans one step on the pumps as they stand. It changes nothing; atOnce bounds the pumps that run
// beside each other where the machine decides. Jobs come in the order of their start.
func Schedule(step beverage.Step, pumps []Pump, atOnce int) ([]Job, error) {
	if err := checkStep(step); err != nil {
		return nil, err
	}
	chosen, err := assign(step.Components, pumps)
	if err != nil {
		return nil, err
	}
	var jobs []Job
	switch step.Timing {
	case beverage.Parallel:
		jobs = parallel(step.Components, chosen)
	case beverage.Together:
		jobs = together(step.Components, chosen)
	case beverage.Sequential:
		jobs = inLanes(step.Components, chosen, 1, false)
	case beverage.Machine:
		jobs = inLanes(step.Components, chosen, atOnce, true)
	default:
		return nil, ErrStep.With(step.Timing.String())
	}
	slices.SortStableFunc(jobs, func(a, b Job) int { return int(a.Start - b.Start) })
	return jobs, nil
}

func checkStep(step beverage.Step) error {
	if step.Pause < 0 || step.Pause > maxPause {
		return ErrStep.With("pause " + step.Pause.String())
	}
	seen := map[string]bool{}
	for _, c := range step.Components {
		if c.Amount <= 0 || c.Amount > maxAmount {
			return ErrStep.With(fmt.Sprintf("amount %d", c.Amount))
		}
		if seen[c.Ingredient] {
			return ErrStep.With("an ingredient twice")
		}
		seen[c.Ingredient] = true
	}
	return nil
}

// assign picks a pump for each component: of several bottles of one ingredient the emptiest that suffices, so
// that bottles get finished.
func assign(components []beverage.Component, pumps []Pump) ([]Pump, error) {
	chosen := make([]Pump, 0, len(components))
	for i, c := range components {
		best, installed := Pump{}, false
		for _, p := range pumps {
			if p.Ingredient != c.Ingredient {
				continue
			}
			installed = true
			if p.Level >= c.Amount && (best.Number == 0 || p.Level < best.Level) {
				best = p
			}
		}
		if !installed {
			return nil, ErrIngredient.With(fmt.Sprintf("component %d", i+1))
		}
		if best.Number == 0 {
			return nil, ErrLevel.With(fmt.Sprintf("component %d", i+1))
		}
		chosen = append(chosen, best)
	}
	return chosen, nil
}

func fastestJob(c beverage.Component, p Pump) Job {
	return Job{
		Pump: p.Number, Drive: p.fastest().Drive, Amount: c.Amount,
		Length: lasting(c.Amount, p.fastest().Flow),
	}
}

func parallel(components []beverage.Component, pumps []Pump) []Job {
	jobs := make([]Job, len(components))
	for i, c := range components {
		jobs[i] = fastestJob(c, pumps[i])
	}
	return jobs
}

// together slows each pump so that all end with the one that needs longest. A pump that can't go so slowly
// runs at its slowest and starts later.
func together(components []beverage.Component, pumps []Pump) []Job {
	jobs := parallel(components, pumps)
	var longest time.Duration
	for _, j := range jobs {
		longest = max(longest, j.Length)
	}
	for i, p := range pumps {
		flow := Flow(int64(jobs[i].Amount) * int64(time.Second) / int64(longest))
		if flow > p.fastest().Flow {
			flow = p.fastest().Flow
		}
		if flow < p.slowest().Flow {
			flow = p.slowest().Flow
		}
		jobs[i].Drive = p.drive(flow)
		jobs[i].Length = min(longest, lasting(jobs[i].Amount, flow))
		jobs[i].Start = longest - jobs[i].Length
	}
	return jobs
}

// inLanes runs jobs one after the other in a number of lanes; each goes to the lane that is free first.
func inLanes(components []beverage.Component, pumps []Pump, lanes int, largestFirst bool) []Job {
	jobs := parallel(components, pumps)
	if largestFirst {
		slices.SortStableFunc(jobs, func(a, b Job) int { return int(b.Length - a.Length) })
	}
	free := make([]time.Duration, max(1, lanes))
	for i := range jobs {
		lane := 0
		for l := range free {
			if free[l] < free[lane] {
				lane = l
			}
		}
		jobs[i].Start = free[lane]
		free[lane] = jobs[i].end()
	}
	return jobs
}
