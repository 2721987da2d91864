// Package drivers is the one table of devices by the profile of their data.
//
// Does not touch a device: a driver makes it from the setup in machine.json and from the state that its last
// run left.
//
// Read drivers.go. Errors: device.ErrNone (no driver for the profile), and each driver's refusal of a setup.
package drivers

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/guildmark/guildmark/chaincode/profile"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/device/mixer"
)

// driver makes one kind of device and reads its events.
type driver struct {
	// open reads setup and state strictly: an unknown key is refused. state is nil at a device's first run.
	open func(setup, state json.RawMessage, clock device.Clock) (device.Device, error)
	// text is an event's own part as a line for a person; "" for one that says nothing new. moving is set for
	// a step under way, whose next event says more.
	text func(event json.RawMessage) (line string, moving bool)
}

func table() map[profile.ID]driver {
	return map[profile.ID]driver{
		beverage.Profile: {open: mixer.Open, text: mixer.Text},
	}
}

// Profiles lists the profiles that this program has drivers for.
func Profiles() []profile.ID { return slices.Sorted(maps.Keys(table())) }

// Open makes the device for a profile. Nothing is touched yet.
func Open(id profile.ID, setup, state json.RawMessage, clock device.Clock) (device.Device, error) {
	d, ok := table()[id]
	if !ok {
		return nil, device.ErrNone.With(string(id))
	}
	return d.open(setup, state, clock)
}

// Text is an event's own part as a line for a person; "" for one that says nothing new. moving is set for a
// step under way, whose next event says more.
func Text(id profile.ID, event json.RawMessage) (line string, moving bool) {
	d, ok := table()[id]
	if !ok {
		return "", false
	}
	return d.text(event)
}
