package machine

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals about machines.
var (
	ErrInvalid = ledger.Refuse(ledger.Invalid, "machine.invalid", "the machine document breaks a rule")
	ErrKnown   = ledger.Refuse(ledger.Conflict, "machine.known", "the machine is registered already")
	ErrShard   = ledger.Refuse(ledger.Conflict, "machine.shard_taken", "the machine's shard belongs to another machine; choose another")
	ErrUnknown = ledger.Refuse(ledger.NotFound, "machine.unknown", "no such machine is registered")
	ErrOwner   = ledger.Refuse(ledger.Forbidden, "machine.not_owner", "the machine belongs to another buyer")
)
