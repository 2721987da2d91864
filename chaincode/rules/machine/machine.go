package machine

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Format is the machine document's.
const Format = "guildmark/machine/1"

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

// MaxShard is the highest shard: a 31-bit number, the range of BIP-32's unhardened steps (T21).
const MaxShard = 1<<31 - 1

// Shard is the machine's own counter of collect scripts and of what was ordered today; key shard/<n>.
type Shard struct {
	Machine string         `json:"machine"`
	Next    uint32         `json:"next"`
	Day     int64          `json:"day"`
	Ordered ledger.Satoshi `json:"ordered"`
}

// ID is the machine's name on the ledger.
func ID(akName, salt string) string { return ledger.Hash("guildmark/machine/1", akName, salt) }

// Check judges what a registrar sends: everything but what the ledger fills in.
func Check(m Machine, homes party.Homes) error {
	switch {
	case m.Format != Format, ledger.CheckID(m.ID) != nil, ledger.CheckID(m.EKHash) != nil:
		return ErrInvalid.With("format, id or hash of the EK certificate")
	case m.Registrar != "" || m.Epoch != 0:
		return ErrInvalid.With("registrar and epoch are the ledger's to fill")
	case m.Shard > MaxShard:
		return ErrInvalid.With("shard")
	case !consortium.ValidLine(m.Line) || !slices.Contains(consortium.Assurances(), m.Assurance):
		return ErrInvalid.With("line or assurance")
	}
	home, _, _ := strings.Cut(m.Owner, ".")
	if !ledger.IsParty(m.Owner) || !slices.Contains(homes(party.Buyer), home) {
		return ErrInvalid.With("owner " + m.Owner)
	}
	return m.checkKeys()
}

// checkKeys looks at the form alone; what the keys are is package tpmpolicy's matter.
func (m *Machine) checkKeys() error {
	if name, err := hex.DecodeString(m.Counter); err != nil || len(name) != 34 || hex.EncodeToString(name) != m.Counter {
		return ErrInvalid.With("counter " + m.Counter)
	}
	for _, key := range []string{m.AK, m.SRK, m.Token} {
		b, err := ledger.Base64(key)
		if err != nil || len(b) == 0 || len(b) > 1024 {
			return ErrInvalid.With("a key that is not base64")
		}
	}
	return nil
}
