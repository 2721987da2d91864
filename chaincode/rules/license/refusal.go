package license

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals about licenses.
var (
	ErrUnknown = ledger.Refuse(ledger.NotFound, "license.unknown", "no such license is on the ledger")
	ErrOwner   = ledger.Refuse(ledger.Forbidden, "license.not_owner", "the license belongs to another buyer")
)
