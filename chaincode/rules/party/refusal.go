package party

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of callers.
var (
	// ErrCaller means that the proposal's creator is not an X.509 certificate in PEM with a key that the
	// ledger can read. Sign with a certificate that the partner's Fabric CA issued.
	ErrCaller = ledger.Refuse(ledger.Forbidden, "caller.malformed",
		"the caller's identity is not an X.509 certificate that the ledger can read")
	// ErrUnknownRole means that the attribute role of the caller's certificate is none of the ledger's roles.
	// Enroll again with one of them.
	ErrUnknownRole = ledger.Refuse(ledger.Forbidden, "caller.role",
		"the attribute role of the caller's certificate is not a role of the ledger")
	// ErrForeignRole means that the governed configuration does not let the caller's MSP grant this role. Use
	// an identity of a partner that may; after a new configuration, ask a peer that has its block.
	ErrForeignRole = ledger.Refuse(ledger.Forbidden, "caller.foreign_role",
		"the configuration does not let this MSP grant this role")
	// ErrForeign means that a party id does not begin with the MSP of the certificate or of the governor. Use
	// an identity whose party is at home with that partner.
	ErrForeign = ledger.Refuse(ledger.Forbidden, "caller.foreign_party",
		"the party does not belong to the partner of the certificate")
	// ErrNotAllowed means that the function does not admit the caller's role, or that the role is not
	// recorded for the caller's party. Call with an identity of another role.
	ErrNotAllowed = ledger.Refuse(ledger.Forbidden, "caller.not_allowed",
		"the caller's role may not call this function")
	// ErrNotPinned means that the key of the caller's certificate is not one that its recorded party pins.
	// Sign with a pinned key.
	ErrNotPinned = ledger.Refuse(ledger.Forbidden, "caller.not_pinned",
		"the caller's key is not one of those that its party pins")
)

// Refusals of party documents.
var (
	// ErrUnknown means that no party of this id is recorded. Check the id, or have a governor of its home
	// register it.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "party.unknown", "no party of this id is registered")
	// ErrInvalid means that a field of a party has a value that its rule excludes; Saw names the field, the
	// value and what is expected. Send the document with that field corrected.
	ErrInvalid = ledger.Refuse(ledger.Invalid, "party.invalid",
		"a field of the party has a value that its rule excludes")
	// ErrKnown means that a party of this id is recorded; a record does not change in this version. Register
	// another id.
	ErrKnown = ledger.Refuse(ledger.Conflict, "party.known", "a party of this id is registered already")
)
