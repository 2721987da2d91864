package runtime

import (
	"github.com/guildmark/guildmark/chaincode/profile"
	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/device/drivers"
)

// openDevice makes the device for the manifest's profile, and refuses data that it could never make. It comes
// before the use is burnt, and doesn't rely on the agent's choice.
func (v *vault) openDevice() (err error) {
	made := profile.ID(v.binding.Manifest.Profile)
	if v.job.Profile != made {
		return device.ErrNone.With(string(made))
	}
	if v.device, err = drivers.Open(made, v.job.Device, v.job.State, device.Wall{}); err != nil {
		return err
	}
	return v.device.Check(v.Header())
}

// report passes a device's event on, as one of the runtime's own.
func (v *vault) report(e device.Event) {
	kind := Device
	if e.Kind == device.State {
		kind = State
	}
	v.say(Event{Kind: kind, Profile: v.job.Profile, Percent: e.Percent, Device: e.Device})
}
