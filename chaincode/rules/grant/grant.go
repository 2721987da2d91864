package grant

import (
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
)

// Format is the grant's.
const Format = "guildmark/grant/1"

// Grant is the committed record; key grant/<license>/<n>, create-only (T15).
type Grant struct {
	Format     string   `json:"format"` // "guildmark/grant/1"
	License    string   `json:"license"`
	Number     int      `json:"number"`
	Machine    string   `json:"machine"`
	Meter      string   `json:"meter"`  // hex MeterID: policyRef of the index
	Policy     string   `json:"policy"` // hex digest of the index's write policy, any two custodians' signatures
	SRKName    string   `json:"srkName"`
	IndexName  string   `json:"indexName"` // unwritten
	Nonce      string   `json:"nonce"`
	Counter    uint64   `json:"counter"` // c
	ResetCount uint32   `json:"resetCount"`
	Limit      int64    `json:"limit"` // cumulative pinLimit
	Pair       []string `json:"pair"`
	Request    Request  `json:"request"`
	Epoch      int64    `json:"epoch"`
}

// Request is what a machine asks for; attestations are by its AK (T15). Binary fields are base64.
type Request struct {
	License   string              `json:"license"`
	Pair      []string            `json:"pair"`      // two custodian MSPs, sorted
	Index     uint32              `json:"index"`     // NV handle of the PIN index, 0x018002xx
	Nonce     string              `json:"nonce"`     // nonceTPM of the open policy session
	Counter   machine.Attestation `json:"counter"`   // NV_Certify of the epoch counter, extraData = GrantDigest
	Time      machine.Attestation `json:"time"`      // GetTime, extraData = GrantDigest
	IndexName string              `json:"indexName"` // hex Name of the PIN index, WRITTEN clear
}

// View is a grant with the answers so far.
type View struct {
	Grant   Grant    `json:"grant"`
	Answers []Answer `json:"answers"`
}

// CheckPair demands two different custodians of the license's set, sorted.
func CheckPair(l license.License, pair []string) error {
	if len(pair) != 2 || !ledger.Ascending(pair) || !slices.Contains(l.Custodians, pair[0]) || !slices.Contains(l.Custodians, pair[1]) {
		return ErrPair
	}
	return nil
}
