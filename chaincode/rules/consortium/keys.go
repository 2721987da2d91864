package consortium

import "github.com/guildmark/guildmark/chaincode/ledger"

// The key families of the consortium's own state. The bare key of a family holds the number of its newest
// document.
var (
	ConfigFamily    = ledger.NewFamily("config", ledger.IsNumber).WithBare()    // Config by version
	ProposalFamily  = ledger.NewFamily("proposal", ledger.IsHash)               // Config by the hash of its bytes
	ApprovalFamily  = ledger.NewFamily("approval", ledger.IsHash, ledger.IsMSP) // marker: who has approved a proposal
	BundleFamily    = ledger.NewFamily("bundle", ledger.IsNumber).WithBare()    // SignedBundle by sequence, from 0
	RecipientFamily = ledger.NewFamily("recipient", ledger.IsName)              // Recipient by id
	ClockFamily     = ledger.NewFamily("clock")                                 // the one Clock
	EpochFamily     = ledger.NewFamily("epoch")                                 // the one Epoch
)

// Families lists them.
func Families() []ledger.Family {
	return []ledger.Family{
		ConfigFamily, ProposalFamily, ApprovalFamily, BundleFamily, RecipientFamily,
		ClockFamily, EpochFamily,
	}
}

// ConfigInForceKey holds the number of the configuration in force.
func ConfigInForceKey() string { return ConfigFamily.Key() }

// ConfigKey names a version of the configuration.
func ConfigKey(version int) string { return ConfigFamily.Key(ledger.Number(version)) }

// ProposalKey names a proposed configuration by the hash of its bytes.
func ProposalKey(hash string) string { return ProposalFamily.Key(hash) }

// ApprovalKey marks that a partner has approved a proposal.
func ApprovalKey(hash, msp string) string { return ApprovalFamily.Key(hash, msp) }

// NewestBundleKey holds the sequence number of the newest trust bundle.
func NewestBundleKey() string { return BundleFamily.Key() }

// BundleKey names a trust bundle, from 0.
func BundleKey(sequence int64) string { return BundleFamily.Key(ledger.Number(sequence)) }

// RecipientKey names a public key that content keys are wrapped to.
func RecipientKey(id string) string { return RecipientFamily.Key(id) }

// ClockKey names the ledger's clock.
func ClockKey() string { return ClockFamily.Key() }

// EpochKey names the ledger's epoch.
func EpochKey() string { return EpochFamily.Key() }
