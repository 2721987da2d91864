package sealed

import "github.com/guildmark/guildmark/chaincode/ledger"

// The refusals of this package; the package comment says what to do about each.
var (
	ErrEnvelope   = ledger.Refuse(ledger.Invalid, "sealed.envelope", "the key envelope is not well formed")
	ErrRecipient  = ledger.Refuse(ledger.Invalid, "sealed.recipient", "the recipients can't be sealed for")
	ErrWrap       = ledger.Refuse(ledger.Invalid, "sealed.wrap", "the key wrap does not open for this dataset and recipient")
	ErrCommitment = ledger.Refuse(ledger.Invalid, "sealed.commitment", "the share is not the one that the manifest commits to")
	ErrKey        = ledger.Refuse(ledger.Invalid, "sealed.key", "the key material has the wrong form")
	ErrBody       = ledger.Refuse(ledger.Invalid, "sealed.body", "the sealed body is not authentic from here on")
	ErrOtherBody  = ledger.Refuse(ledger.Invalid, "license.body", "the sealed body is not the one in the licensed manifest")
	ErrEmpty      = ledger.Refuse(ledger.Invalid, "sealed.empty", "there is nothing to seal")
)
