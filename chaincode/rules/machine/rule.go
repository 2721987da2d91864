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

// MaxShard is the highest shard: a 31-bit number, the range of BIP-32's unhardened steps (T21).
const MaxShard = 1<<31 - 1

// Refusals about machines.
var (
	ErrInvalid = ledger.Refuse(ledger.Invalid, "machine.invalid", "the machine document breaks a rule")
	ErrKnown   = ledger.Refuse(ledger.Conflict, "machine.known", "the machine is registered already")
	ErrShard   = ledger.Refuse(ledger.Conflict, "machine.shard_taken", "the machine's shard belongs to another machine; choose another")
	ErrUnknown = ledger.Refuse(ledger.NotFound, "machine.unknown", "no such machine is registered")
	ErrOwner   = ledger.Refuse(ledger.Forbidden, "machine.not_owner", "the machine belongs to another buyer")
)

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
