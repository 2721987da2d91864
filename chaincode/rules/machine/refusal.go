package machine

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of machines.
var (
	// ErrInvalid means that a field of a machine's record has a value that its rule excludes; Saw names the
	// field, the value and what is expected. Send the record with that field corrected.
	ErrInvalid = ledger.Refuse(ledger.Invalid, "machine.invalid",
		"a field of the machine's record has a value that its rule excludes")
	// ErrKnown means that a machine of this id is registered; a record does not change in this version. A
	// registrar compares it with its own and takes it when they are equal.
	ErrKnown = ledger.Refuse(ledger.Conflict, "machine.known", "a machine of this id is registered already")
	// ErrShard means that the machine's shard belongs to another machine. Draw another number and register
	// again.
	ErrShard = ledger.Refuse(ledger.Conflict, "machine.shard_taken", "the machine's shard belongs to another machine")
	// ErrUnknown means that no machine of this id is registered. Check the id, or enroll the machine.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "machine.unknown", "no machine of this id is registered")
	// ErrOwner means that the machine's recorded owner is not the caller's party. Order with the owner's
	// identity.
	ErrOwner = ledger.Refuse(ledger.Forbidden, "machine.not_owner", "the machine belongs to another buyer")
)
