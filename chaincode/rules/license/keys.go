package license

import "github.com/guildmark/guildmark/chaincode/ledger"

// The key families of licenses.
var (
	Family     = ledger.NewFamily("license", ledger.IsHash)             // License by id
	HeldFamily = ledger.NewFamily("held", ledger.IsHash, ledger.IsHash) // marker: which licenses a machine has
)

// Families lists them.
func Families() []ledger.Family { return []ledger.Family{Family, HeldFamily} }

// Key names a license.
func Key(id string) string { return Family.Key(id) }

// HeldKey lists a license under its machine.
func HeldKey(machine, license string) string { return HeldFamily.Key(machine, license) }

// ParseHeldKey gives the license that a machine's entry names.
func ParseHeldKey(key string) (license string, err error) {
	parts, err := HeldFamily.Parse(key)
	if err != nil {
		return "", err
	}
	return parts[1], nil
}
