// Package machine holds the rules of a machine's ledger record: its TPM identity as the registrar saw it.
//
// It refuses to activate credentials: registrar and custodians do (T14).
package machine

import "github.com/guildmark/guildmark/chaincode/ledger"

// Machine is a machine's record; key machine/<id>, create-only.
type Machine struct {
	Format    string `json:"format"` // "guildmark/machine/1"
	ID        string `json:"id"`     // ID(AK name, salt)
	Owner     string `json:"owner"`  // buyer party id
	Registrar string `json:"registrar"`
	EKHash    string `json:"ekHash"`  // SHA-256 of salt and EK certificate; the salt stays with registrar, custodians, machine
	AK        string `json:"ak"`      // base64 TPMT_PUBLIC
	SRK       string `json:"srk"`     // base64 TPMT_PUBLIC, certified by the AK
	Token     string `json:"token"`   // base64 TPMT_PUBLIC of the sign-in key, certified by the AK
	Counter   string `json:"counter"` // hex Name of the grant counter NV index (written), certified by the AK
	Line      string `json:"line"`    // product line of its runtime
	Assurance string `json:"assurance"`
	Shard     uint32 `json:"shard"` // create-only 31-bit number, key shard/<n>
	Epoch     int64  `json:"epoch"`
}

// Shard is the machine's own counter of collect scripts and of what was ordered today; key shard/<n>.
type Shard struct {
	Machine string         `json:"machine"`
	Next    uint32         `json:"next"`
	Day     int64          `json:"day"`
	Ordered ledger.Satoshi `json:"ordered"`
}

// ID is the machine's name on the ledger.
func ID(akName, salt string) string { return ledger.Hash("guildmark/machine/1", akName, salt) }
