package license

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of licenses.
var (
	// ErrUnknown means that no license of this id is on the ledger. Check the id; a license exists when its
	// order is settled.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "license.unknown", "no license of this id is on the ledger")
	// ErrOwner means that the license's buyer is not the caller's party. Call with the buyer's identity.
	ErrOwner = ledger.Refuse(ledger.Forbidden, "license.not_owner", "the license belongs to another buyer")
)
