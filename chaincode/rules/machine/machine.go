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
	// SHA-256 of salt and EK certificate; the salt stays with registrar, custodians, machine
	EKHash    string `json:"ekHash"`
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

// Check judges what a registrar sends: everything but what the ledger fills in. What the keys are is judged
// by package grant, since it takes package tpmpolicy.
func Check(m Machine, homes party.Homes) error {
	if err := m.checkIdentity(); err != nil {
		return err
	}
	home, _, _ := strings.Cut(m.Owner, ".")
	switch {
	case m.Shard > MaxShard:
		return ErrInvalid.Field("shard", m.Shard, "0 to 2147483647")
	case !consortium.ValidLine(m.Line):
		return ErrInvalid.Field("line", m.Line, "1 to 64 letters, digits, hyphens and underscores")
	case !slices.Contains(consortium.Assurances(), m.Assurance):
		return ErrInvalid.Field("assurance", m.Assurance, "software, tpm or vtpm")
	case !ledger.IsParty(m.Owner) || !slices.Contains(homes(party.Buyer), home):
		return ErrInvalid.Field("owner", m.Owner, "a party at home where buyers are")
	}
	return m.checkKeys()
}

func (m *Machine) checkIdentity() error {
	switch {
	case m.Format != Format:
		return ErrInvalid.Field("format", m.Format, Format)
	case ledger.CheckID(m.ID) != nil:
		return ErrInvalid.Field("id", m.ID, "64 lower-case hex digits")
	case ledger.CheckID(m.EKHash) != nil:
		return ErrInvalid.Field("ekHash", m.EKHash, "64 lower-case hex digits")
	case m.Registrar != "":
		return ErrInvalid.Field("registrar", m.Registrar, "none: the ledger fills it in")
	case m.Epoch != 0:
		return ErrInvalid.Field("epoch", m.Epoch, "0: the ledger fills it in")
	}
	return nil
}

// checkKeys looks at the form alone.
func (m *Machine) checkKeys() error {
	if name, err := hex.DecodeString(m.Counter); err != nil || len(name) != nameSize ||
		hex.EncodeToString(name) != m.Counter {
		return ErrInvalid.Field("counter", m.Counter, "a TPM Name, 68 lower-case hex digits")
	}
	for _, key := range []struct{ name, text string }{{"ak", m.AK}, {"srk", m.SRK}, {"token", m.Token}} {
		b, err := ledger.Base64(key.text)
		if err != nil || len(b) == 0 || len(b) > maxKey {
			return ErrInvalid.With(key.name + ", expected base64 of 1 to 1024 bytes")
		}
	}
	return nil
}

// nameSize is the size of a TPM Name with SHA-256; maxKey is far above a TPMT_PUBLIC of a P-256 key, which
// has 88 to 94 bytes.
const (
	nameSize = 34
	maxKey   = 1024
)

// CheckOwner refuses a caller who is not the machine's owner.
func (m Machine) CheckOwner(caller string) error {
	if m.Owner != caller {
		return ErrOwner.Field("caller", caller, m.Owner)
	}
	return nil
}
