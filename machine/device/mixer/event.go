package mixer

// Kind says what an event is about.
type Kind string

// The kinds of event.
const (
	Changed  Kind = "state"    // State is new
	Started  Kind = "start"    // Pump runs since now, in Step
	Running  Kind = "progress" // Pump has delivered Percent of its part of Step
	Stopped  Kind = "stop"     // Pump stands; Percent of its part was delivered
	StepDone Kind = "step"     // Step is over; Percent of the whole recipe is in the glass
	Warning  Kind = "warning"  // Pump's bottle fell under the warning level
)

// Event is one thing that happened, without the recipe: pumps and percentages, never an ingredient or an
// amount.
type Event struct {
	Kind    Kind  `json:"kind"`
	State   State `json:"state,omitempty"`
	Step    int   `json:"step,omitempty"`
	Pump    int   `json:"pump,omitempty"`
	Percent int   `json:"percent,omitempty"`
}

// State is what the mixer does.
type State string

// The states. A mixer in error may start the next recipe: its pumps stand and its levels are true.
const (
	Uninitialized State = "uninitialized"
	Idle          State = "idle"
	Active        State = "active"
	Service       State = "service"
	Failed        State = "error"
)
