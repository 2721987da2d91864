package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/device/drivers"
	"github.com/guildmark/guildmark/machine/runtime"
)

// Device is one device of the machine, as machine.json describes it.
type Device struct {
	Profile profile.ID      `json:"profile"` // of the data that it makes: "beverage/1"
	Setup   json.RawMessage `json:"setup"`   // in the driver's own form
}

// deviceFor finds the machine's device for a profile.
func (a *Agent) deviceFor(id profile.ID) (Device, error) {
	for _, d := range a.config.Devices {
		if d.Profile == id {
			return d, nil
		}
	}
	return Device{}, device.ErrNone.With(string(id))
}

// canMake says whether this machine could ever make a dataset. Manifests carry no needs yet, so only the
// profile counts.
func (a *Agent) canMake(m dataset.Manifest) error {
	made, err := a.openDevice(profile.ID(m.Profile))
	if err != nil {
		return err
	}
	return made.Check(nil)
}

func (a *Agent) openDevice(id profile.ID) (device.Device, error) {
	d, err := a.deviceFor(id)
	if err != nil {
		return nil, err
	}
	state, err := a.deviceState(id)
	if err != nil {
		return nil, err
	}
	return drivers.Open(id, d.Setup, state, device.Wall{})
}

// addDevice puts the device for the job's manifest into the job. The runtime looks at the manifest again.
func (a *Agent) addDevice(job *runtime.Job) error {
	var m dataset.Manifest
	if err := ledger.DecodeCanonical(job.Manifest, &m); err != nil {
		return err
	}
	d, err := a.deviceFor(profile.ID(m.Profile))
	if err != nil {
		return err
	}
	job.Profile = d.Profile
	job.Device = d.Setup
	job.State, err = a.deviceState(d.Profile)
	return err
}

// stateFile is where the state of a device lies between its runs.
func stateFile(id profile.ID) string {
	return "devices/" + strings.ReplaceAll(string(id), "/", "-") + ".json"
}

// oldLevels is where machines kept the levels of their only device, a mixer, before devices had profiles.
const oldLevels = "levels.json"

// deviceState is what a device's last run left; nil before the first one.
func (a *Agent) deviceState(id profile.ID) (json.RawMessage, error) {
	names := []string{stateFile(id)}
	if id == beverage.Profile {
		names = append(names, oldLevels)
	}
	for _, name := range names {
		state, err := a.folder.Read(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return state, err
		}
	}
	return nil, nil
}

// keepState remembers what a run left.
func (a *Agent) keepState(id profile.ID, state json.RawMessage) error {
	return a.folder.Write(stateFile(id), state)
}

// checkDevices judges the configured devices one by one.
func checkDevices(all []Device) error {
	seen := map[profile.ID]bool{}
	for i, d := range all {
		setting := fmt.Sprintf("devices[%d]: ", i)
		if seen[d.Profile] {
			return ErrConfig.With(setting + "a second device for " + string(d.Profile))
		}
		seen[d.Profile] = true
		_, err := drivers.Open(d.Profile, d.Setup, nil, device.Wall{})
		if errors.Is(err, device.ErrNone) {
			return ErrConfig.With(fmt.Sprintf("%sno driver for profile %q; there are drivers for %v",
				setting, d.Profile, drivers.Profiles()))
		}
		if err != nil {
			return ErrConfig.With(setting + err.Error())
		}
	}
	return nil
}
