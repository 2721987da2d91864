// Package custodian acts for one partner as custodian of license shares: it confirms that its halves of a published
// dataset open, activates machines' TPMs itself, and answers recorded grants by signing the meter's limit and wrapping
// its half to the machine's TPM (T10, T12, T14, T15).
//
// It refuses to act on anybody's word but its own peer's committed record: with that peer stopped, or telling another
// story than the event, it releases nothing, whatever the others say.
//
// It holds no state but its keys, the machines it activated, the open tasks and a cursor; each may be killed at any
// step: tasks are kept before the cursor moves, and what was done twice is refused by the ledger's create-only keys.
//
// Read custodian.go first, then grant.go. Refusals: [ErrActivated] the machine must activate here first; [ErrRecord] own
// peer and event disagree, or the record contradicts the terms: never answered; [ErrContent] bytes of another hash;
// [ErrKeys] the ledger knows other keys of this custodian than its folder holds.
package custodian

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of a custodian.
var (
	ErrActivated = ledger.Refuse(ledger.Forbidden, "custodian.not_activated", "this custodian has not activated the machine's TPM itself")
	ErrRecord    = ledger.Refuse(ledger.Forbidden, "custodian.record", "the custodian's own peer does not hold the record that this step needs")
	ErrMachine   = ledger.Refuse(ledger.Forbidden, "custodian.machine", "the machine is not the one on the ledger")
	ErrContent   = ledger.Refuse(ledger.Unavailable, "custodian.content", "the content store has no bytes of this hash")
	ErrReleased  = ledger.Refuse(ledger.Conflict, "custodian.released", "an answer to an earlier grant of the license left this custodian and was never committed; a second would be a second limit")
	ErrKeys      = ledger.Refuse(ledger.Conflict, "custodian.keys", "the ledger holds other keys of this custodian than its state folder; restore the folder from its backup")
)
