package mixer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Text is an event of a mixer as a line for a person; "" for one that can't be read. moving is set while a
// pump runs.
func Text(raw json.RawMessage) (line string, moving bool) {
	var e Event
	if json.Unmarshal(raw, &e) != nil {
		return "", false
	}
	return e.text(), e.Kind == Running
}

func (e Event) text() string {
	const width = 20
	switch e.Kind {
	case Changed:
		return "mixer      " + string(e.State)
	case Started:
		return fmt.Sprintf("step %-5d pump %d on", e.Step, e.Pump)
	case Running:
		done := e.Percent * width / 100
		return fmt.Sprintf("step %-5d pump %d [%s%s] %3d %%", e.Step, e.Pump, strings.Repeat("=", done),
			strings.Repeat(" ", width-done), e.Percent)
	case Stopped:
		return fmt.Sprintf("step %-5d pump %d off at %d %%", e.Step, e.Pump, e.Percent)
	case StepDone:
		return fmt.Sprintf("step %-5d done, %d %% of the drink", e.Step, e.Percent)
	case Warning:
		return fmt.Sprintf("warning    the bottle of pump %d runs low", e.Pump)
	}
	return ""
}
