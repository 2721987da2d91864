package enrollment

import (
	"errors"
	"io/fs"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/tpm"
)

const recordFile = "enrollment.json"

// ErrNone means that the state folder holds no enrollment that a registrar has finished. Run `machine enroll`
// with a code.
var ErrNone = ledger.Refuse(ledger.NotFound, "machine.not_enrolled",
	"this machine is not enrolled: run `machine enroll`")

// Record is what the machine knows of itself; secrets stay in the TPM.
type Record struct {
	Format     string          `json:"format"` // "guildmark/enrollment/1"
	Salt       string          `json:"salt"`   // drawn once: part of the machine's id
	Machine    machine.Machine `json:"machine"`
	Keys       tpm.Keys        `json:"keys"`
	RuntimeKey tpm.Sealed      `json:"runtimeKey"`
	Recipient  string          `json:"recipient"`  // id under which datasets are sealed for this machine's runtime
	Bundle     int64           `json:"bundle"`     // sequence of the trust bundle in force
	Custodians []string        `json:"custodians"` // MSPs that activated this machine themselves
}

// Registered says that a registrar has accepted the machine.
func (r Record) Registered() bool { return r.Machine.ID != "" }

// Load reads the record of a machine that a registrar has accepted.
func Load(f *folder.Folder) (Record, error) {
	r, err := load(f)
	if err == nil && !r.Registered() {
		err = ErrNone
	}
	return r, err
}

func load(f *folder.Folder) (Record, error) {
	var r Record
	err := f.Load(recordFile, &r)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNone
	}
	return r, err
}

// Begin reads the record, or makes one with a salt. The salt is stored before anybody hears it: the same salt
// gives the same machine id after a crash.
func Begin(f *folder.Folder) (Record, error) {
	r, err := load(f)
	if err == nil || !errors.Is(err, ErrNone) {
		return r, err
	}
	r = Record{Format: "guildmark/enrollment/1", Salt: market.Nonce(), Custodians: []string{}}
	return r, f.Save(recordFile, r)
}
