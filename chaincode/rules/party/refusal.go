package party

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of the rules about who may say what.
var (
	ErrCaller      = ledger.Refuse(ledger.Forbidden, "caller.malformed", "the caller's identity is not an X.509 certificate that the ledger can read")
	ErrUnknownRole = ledger.Refuse(ledger.Forbidden, "caller.role", "the caller's certificate grants no role that the ledger knows")
	ErrForeignRole = ledger.Refuse(ledger.Forbidden, "caller.foreign_role", "the caller's role is not one that its home may grant")
	ErrForeign     = ledger.Refuse(ledger.Forbidden, "caller.foreign_party", "the caller's party does not belong to its home")
	ErrNotAllowed  = ledger.Refuse(ledger.Forbidden, "caller.not_allowed", "the caller's role may not call this function")
	ErrNotPinned   = ledger.Refuse(ledger.Forbidden, "caller.not_pinned", "the caller's key is not one that its party has pinned")
	ErrUnknown     = ledger.Refuse(ledger.NotFound, "party.unknown", "no such party is registered")
	ErrInvalid     = ledger.Refuse(ledger.Invalid, "party.invalid", "the party document breaks a rule")
	ErrKnown       = ledger.Refuse(ledger.Conflict, "party.known", "the party is registered already")
)
