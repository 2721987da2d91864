package spv

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// The key families of the chain that the ledger follows.
var (
	TipFamily    = ledger.NewFamily("tip")              // the one Tip
	AlarmFamily  = ledger.NewFamily("alarm")            // the one Alarm
	HeaderFamily = ledger.NewFamily("h", ledger.IsHash) // Record, by block hash
	// hash on the chain of most work, by height
	ActiveFamily = ledger.NewFamily("n", ledger.IsNumber)
	// hash of the final block, by height
	FinalFamily       = ledger.NewFamily("f", ledger.IsNumber)
	AttestationFamily = ledger.NewFamily("attest", ledger.IsNumber, ledger.IsMSP) // hash at a partner's node (T22)
)

// Families lists them.
func Families() []ledger.Family {
	return []ledger.Family{TipFamily, AlarmFamily, HeaderFamily, ActiveFamily, FinalFamily, AttestationFamily}
}

// TipKey names the end of the chain of most work.
func TipKey() string { return TipFamily.Key() }

// AlarmKey names the alarm.
func AlarmKey() string { return AlarmFamily.Key() }

// HeaderKey names a block's record by its hash, as Bitcoin's RPC writes it.
func HeaderKey(hash string) string { return HeaderFamily.Key(hash) }

// ActiveKey names the block of the chain of most work at a height.
func ActiveKey(h Height) string { return ActiveFamily.Key(ledger.Number(h)) }

// FinalKey names the final block at a height: the only chain key that payments read, beside its header and
// the alarm.
func FinalKey(h Height) string { return FinalFamily.Key(ledger.Number(h)) }

// ParseFinalKey gives the height that a final block's key names.
func ParseFinalKey(key string) (Height, error) {
	parts, err := FinalFamily.Parse(key)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(parts[0], 10, 32)
	if err != nil {
		return 0, ledger.ErrKey.With(key)
	}
	return Height(n), nil
}

// AttestationKey names the block that a partner's own node has at a height.
func AttestationKey(h Height, msp string) string {
	return AttestationFamily.Key(ledger.Number(h), msp)
}
