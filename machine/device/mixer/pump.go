package mixer

import (
	"fmt"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
)

// MaxPumps is the number of pumps that the controller board drives; maxPoints its table's length.
const (
	MaxPumps  = 8
	maxPoints = 10
)

// Flow is a pump's output in microliters a second.
type Flow int64

// Drive is a pump's motor drive in thousandths of full (PWM duty cycle).
type Drive int

// Point is one line of a pump's calibration table: measured flow at a drive.
type Point struct {
	Drive Drive `json:"drive"`
	Flow  Flow  `json:"flow"`
}

// Pump is one pump with the bottle it draws from.
type Pump struct {
	Number      int                 `json:"number"`     // 1 to 8
	Ingredient  string              `json:"ingredient"` // id of what the bottle holds
	Level       beverage.Microliter `json:"level"`      // left in the bottle
	Calibration []Point             `json:"calibration"`
}

// Refusals of a setup.
var (
	// ErrSetup means that the setup in machine.json can't be read, or a value is out of its bounds (Saw).
	// Correct it.
	ErrSetup = ledger.Refuse(ledger.Invalid, "mixer.setup", "the mixer's setup is not valid")
	// ErrCalibration means that a pump's table can't be interpolated (Saw names pump and point). Measure it
	// again.
	ErrCalibration = ledger.Refuse(ledger.Invalid, "mixer.calibration",
		"a pump's calibration table must rise in drive and flow and hold one to ten points")
)

// check refuses a pump that could not be driven.
func (p Pump) check() error {
	if p.Number < 1 || p.Number > MaxPumps {
		return ErrSetup.With(fmt.Sprintf("pump number %d, expected 1 to %d", p.Number, MaxPumps))
	}
	if p.Level < 0 {
		return ErrSetup.With(fmt.Sprintf("pump %d: level %d, expected 0 or more", p.Number, p.Level))
	}
	if len(p.Calibration) == 0 || len(p.Calibration) > maxPoints {
		return ErrCalibration.With(fmt.Sprintf("pump %d: %d points", p.Number, len(p.Calibration)))
	}
	last := Point{}
	for _, at := range p.Calibration {
		if at.Drive <= last.Drive || at.Flow <= last.Flow || at.Drive > 1000 {
			return ErrCalibration.With(fmt.Sprintf("pump %d: drive %d, flow %d", p.Number, at.Drive, at.Flow))
		}
		last = at
	}
	return nil
}

// fastest and slowest are the ends of what was calibrated; nothing is extrapolated.
func (p Pump) fastest() Point { return p.Calibration[len(p.Calibration)-1] }
func (p Pump) slowest() Point { return p.Calibration[0] }

// drive is the motor drive for a flow, interpolated between the neighboring points; a flow outside the table is
// brought to its nearest end.
func (p Pump) drive(flow Flow) Drive {
	if flow <= p.slowest().Flow {
		return p.slowest().Drive
	}
	for i := 1; i < len(p.Calibration); i++ {
		a, b := p.Calibration[i-1], p.Calibration[i]
		if flow <= b.Flow {
			return a.Drive + Drive(int64(b.Drive-a.Drive)*int64(flow-a.Flow)/int64(b.Flow-a.Flow))
		}
	}
	return p.fastest().Drive
}

// flow is the output at a motor drive, interpolated; a drive outside the table gives its nearest end.
func (p Pump) flow(drive Drive) Flow {
	if drive <= p.slowest().Drive {
		return p.slowest().Flow
	}
	for i := 1; i < len(p.Calibration); i++ {
		a, b := p.Calibration[i-1], p.Calibration[i]
		if drive <= b.Drive {
			return a.Flow + Flow(int64(b.Flow-a.Flow)*int64(drive-a.Drive)/int64(b.Drive-a.Drive))
		}
	}
	return p.fastest().Flow
}

// lasting is how long a volume takes at a flow, rounded up to the microsecond so that the glass is never short.
func lasting(amount beverage.Microliter, flow Flow) time.Duration {
	us := (int64(amount)*1_000_000 + int64(flow) - 1) / int64(flow)
	return time.Duration(us) * time.Microsecond
}
