package runtime

import (
	"github.com/guildmark/guildmark/chaincode/profile"
	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/device/drivers"
)

// openDevice makes the device for the manifest's profile, and refuses data that it could never make. It comes
// before the use is burnt, and doesn't rely on the agent's choice.
func (p *production) openDevice() (err error) {
	made := profile.ID(p.binding.Manifest.Profile)
	if p.job.Profile != made {
		return device.ErrNone.With(string(made))
	}
	if p.device, err = drivers.Open(made, p.job.Device, p.job.State, device.Wall{}); err != nil {
		return err
	}
	return p.device.Check(p.Header())
}

// report passes a device's event on, as one of the runtime's own.
func (p *production) report(e device.Event) {
	kind := Device
	if e.Kind == device.State {
		kind = State
	}
	p.say(Event{Kind: kind, Profile: p.job.Profile, Percent: e.Percent, Device: e.Device})
}
