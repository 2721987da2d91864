package dataset

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals about datasets.
var (
	ErrManifest     = ledger.Refuse(ledger.Invalid, "dataset.manifest", "the manifest breaks a rule")
	ErrID           = ledger.Refuse(ledger.Invalid, "dataset.id", "the dataset's id does not commit to this licensor, custodian set and salt")
	ErrForeign      = ledger.Refuse(ledger.Forbidden, "dataset.foreign", "the dataset belongs to another licensor")
	ErrCommitments  = ledger.Refuse(ledger.Invalid, "dataset.commitments", "the commitments are not one for the runtime share and one for each half of each pair")
	ErrSignature    = ledger.Refuse(ledger.Invalid, "dataset.signature", "the signature over the manifest is not the licensor's")
	ErrPublished    = ledger.Refuse(ledger.Conflict, "dataset.published", "this version of the dataset is published already")
	ErrVersion      = ledger.Refuse(ledger.Conflict, "dataset.version", "the version before this one is not published")
	ErrUnknown      = ledger.Refuse(ledger.NotFound, "dataset.unknown", "no such version of a dataset is published")
	ErrNotCustodian = ledger.Refuse(ledger.Forbidden, "dataset.not_custodian", "the caller is not a custodian of this dataset")
	ErrEnvelope     = ledger.Refuse(ledger.Conflict, "dataset.envelope", "the key envelope is not the one that was published")
	ErrConfirmed    = ledger.Refuse(ledger.Conflict, "dataset.confirmed", "this custodian has confirmed the version already")
	ErrNotAnnounced = ledger.Refuse(ledger.Forbidden, "content.not_announced", "no published dataset announced bytes of this hash")
	ErrNotFinal     = ledger.Refuse(ledger.Conflict, "dataset.not_final", "not all custodians have confirmed this version: it can't be sold yet")
)
