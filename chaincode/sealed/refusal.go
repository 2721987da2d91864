package sealed

import "github.com/guildmark/guildmark/chaincode/ledger"

// The refusals of this package; the package comment says what to do about each.
var (
	// ErrEnvelope means that an envelope is too large, not the canonical JSON that [Seal] writes, or of another
	// dataset version (Saw). Get the envelope from another content store.
	ErrEnvelope = ledger.Refuse(ledger.Invalid, "sealed.envelope",
		"the key envelope is not one that sealing writes for this dataset version")
	// ErrRecipient means that the plan lacks a party, a custodian or a runtime, or a recipient's public key
	// does not parse (Saw). Complete the plan from the signed recipients.
	ErrRecipient = ledger.Refuse(ledger.Invalid, "sealed.recipient",
		"sealing needs a channel, a licensor, a version, custodians of two or more partners and a runtime, "+
			"each with an X-Wing public key")
	// ErrWrap means that the envelope has no wrap for the recipient, or its wrap does not open under this
	// dataset and key (T11). Don't retry: the envelope stays wrong.
	ErrWrap = ledger.Refuse(ledger.Invalid, "sealed.wrap",
		"the envelope has no key wrap that opens for this dataset and recipient")
	// ErrCommitment means that a share that opened does not have the hash that the manifest has for it (Saw).
	// Don't confirm or use the share.
	ErrCommitment = ledger.Refuse(ledger.Invalid, "sealed.commitment",
		"the share's hash is not the one that the manifest commits to")
	// ErrKey means that a share, a seed or a salt is not 32 bytes long, or the salt not in lower-case hex
	// (Saw). Read the key material again from its source.
	ErrKey = ledger.Refuse(ledger.Invalid, "sealed.key",
		"a share, a seed and a salt must have 32 bytes, the salt in lower-case hex")
	// ErrBody means that the body was changed, cut short, extended, or sealed with another key or cipher. Keep
	// nothing beyond the bytes returned so far; fetch the body again.
	ErrBody = ledger.Refuse(ledger.Invalid, "sealed.body",
		"the sealed body must have the manifest's cipher and size and authenticate under the content key")
	// ErrOtherBody means that the file has another size or SHA-256 (Saw) than the manifest's body. Fetch the
	// body again.
	ErrOtherBody = ledger.Refuse(ledger.Invalid, "license.body",
		"the sealed body must have the size and SHA-256 of the licensed manifest")
	// ErrEmpty means that the data to seal has no bytes. Give the file with the data.
	ErrEmpty = ledger.Refuse(ledger.Invalid, "sealed.empty",
		"the data to seal has no bytes: at least one is needed")
)
