package holding

import (
	"time"

	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Machine is the machine that holds licenses, with its TPM open and its trust bundle in force.
type Machine struct {
	ID      string // on the ledger
	Runtime string // recipient id that datasets are sealed for: product line and assurance
	TPM     *tpm.TPM
	Trust   Trust
	Store   Store
	Gateway *market.Gateway           // asked with the machine's own token
	Say     func(step, detail string) // tells a person what happens
	Every   time.Duration             // how often to ask again for what others must do
}

// clock is the TPM's own clock in ms.
func (m *Machine) clock() (uint64, error) {
	keys := m.TPM.Keys()
	signer, err := tpmpolicy.NewSigner(keys.AK, keys.SRK)
	if err != nil {
		return 0, err
	}
	attestation, err := m.TPM.Time(nil)
	if err != nil {
		return 0, err
	}
	now, err := signer.Time(attestation, nil)
	if err != nil {
		return 0, err
	}
	return now.Clock, nil
}

// Floor is the machine's floor of time now, raised by the clocks of answers that were just verified, and
// stored.
func (m *Machine) Floor(signedClocks ...int64) (Floor, error) {
	now, err := m.clock()
	if err != nil {
		return Floor{}, err
	}
	return m.Store.floor(now, signedClocks...)
}

// CheckLicense verifies a stored license at the floor of time, without a network.
func (m *Machine) CheckLicense(id string, file, manifest []byte) (Floor, error) {
	floor, err := m.Floor()
	if err != nil {
		return Floor{}, err
	}
	_, answer, err := m.Trust.Verifier.License(file, signed.LicenseExpectation{
		License: id, Machine: m.ID, Manifest: manifest, Floor: floor.Time,
	})
	if err != nil {
		return floor, err
	}
	return m.Floor(answer.Clock)
}
