package dataset

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of manifests.
var (
	// ErrManifest means that a field of a manifest has a value that its rule excludes; Saw names the field,
	// the value and what is expected. Seal again with that field corrected: the manifest's bytes are signed.
	ErrManifest = ledger.Refuse(ledger.Invalid, "dataset.manifest",
		"a field of the manifest has a value that its rule excludes")
	// ErrID means that the dataset's id is not the hash of licensor, custodian set and salt. Seal again: the
	// id follows from them.
	ErrID = ledger.Refuse(ledger.Invalid, "dataset.id",
		"the dataset's id is not the hash of this licensor, custodian set and salt")
	// ErrForeign means that the manifest or the published dataset names another licensor than the caller.
	// Publish and offer with the identity that sealed the dataset.
	ErrForeign = ledger.Refuse(ledger.Forbidden, "dataset.foreign", "the dataset belongs to another licensor")
	// ErrCommitments means that the manifest's commitments are not the one for the runtime share and one for
	// each holder's half of each pair of custodians. Seal again.
	ErrCommitments = ledger.Refuse(ledger.Invalid, "dataset.commitments",
		"the commitments are not one for the runtime share and one for each half of each pair")
	// ErrSignature means that the signature is not by the caller's own key over SHA-256 of the manifest's
	// bytes. Sign these bytes with the key of the licensor's certificate.
	ErrSignature = ledger.Refuse(ledger.Invalid, "dataset.signature",
		"the signature over the manifest is not by the caller's key")
)

// Refusals of publications and confirmations.
var (
	// ErrPublished means that this version is published with other bytes. Publish the next version.
	ErrPublished = ledger.Refuse(ledger.Conflict, "dataset.published",
		"this version of the dataset is published already")
	// ErrVersion means that the version before this one is not published. Publish that one first.
	ErrVersion = ledger.Refuse(ledger.Conflict, "dataset.version", "the version before this one is not published")
	// ErrUnknown means that no such version of a dataset is published. Check id and version.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "dataset.unknown", "no such version of a dataset is published")
	// ErrNotCustodian means that the caller's MSP is not in the dataset's custodian set. Only its custodians
	// confirm.
	ErrNotCustodian = ledger.Refuse(ledger.Forbidden, "dataset.not_custodian",
		"the caller's partner is not a custodian of this dataset")
	// ErrEnvelope means that the hash of the key envelope is malformed, or not the published one. Confirm the
	// envelope whose hash the publication names.
	ErrEnvelope = ledger.Refuse(ledger.Conflict, "dataset.envelope",
		"the key envelope is not the one that the publication names")
	// ErrConfirmed means that this custodian confirmed the version before. Nothing is left to do for it.
	ErrConfirmed = ledger.Refuse(ledger.Conflict, "dataset.confirmed",
		"this custodian has confirmed the version already")
	// ErrNotAnnounced means that no manifest and no publication names bytes of this hash. Publish before you
	// upload.
	ErrNotAnnounced = ledger.Refuse(ledger.Forbidden, "content.not_announced",
		"no published dataset announced bytes of this hash")
	// ErrNotFinal means that not all custodians of the version have confirmed it. Wait for their
	// confirmations.
	ErrNotFinal = ledger.Refuse(ledger.Conflict, "dataset.not_final",
		"not all custodians have confirmed this version: it can't be sold yet")
)
