package runtime

import (
	"github.com/guildmark/guildmark/chaincode/profile"
	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/device/drivers"
)

// openDevice opens the device for the manifest's profile and checks the manifest's needs. The profile comes from
// the verified manifest; a job for another profile is refused, before a use is burnt.
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
