// Package custodian acts for one partner as custodian of license shares: it confirms that its halves of a
// published dataset open, activates machines' TPMs itself, and answers recorded grants by signing the meter's
// limit and wrapping its half to the machine's TPM (T10, T12, T14, T15).
//
// It releases nothing unless its own partner's peer holds the committed record, and the record equals the
// event. Does not keep state but its keys, the machines it activated, the open tasks and a cursor, and may be
// killed at any step: a task is on disk before the cursor moves, and the ledger's create-only keys refuse
// what is done twice.
//
// Read custodian.go first, then grant.go. Each refusal's comment says when it happens and what to do. Tasks
// that were refused for good are kept with the reason in the state folder's refused.
package custodian

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of a custodian.
var (
	// ErrActivated means that the machine (Saw) has not activated its TPM at this custodian. It activates here
	// (machine enroll), then the task is done; until then the custodian tries again.
	ErrActivated = ledger.Refuse(ledger.Forbidden, "custodian.not_activated",
		"the machine has not activated its TPM at this custodian yet")
	// ErrRecord means that the own peer's record contradicts the event or the license's terms; Saw names what.
	// The grant is never answered: compare the peers.
	ErrRecord = ledger.Refuse(ledger.Forbidden, "custodian.record",
		"the record at the custodian's own peer contradicts the event or the license's terms")
	// ErrMachine means that the machine's certificate, attestation key or assurance (Saw) differs from the
	// ledger's record. Enroll the machine again.
	ErrMachine = ledger.Refuse(ledger.Forbidden, "custodian.machine",
		"the machine's certificate, key or assurance differs from the ledger's record of it")
	// ErrContent means that the gateway has no bytes with the hash (Saw), or other bytes. The custodian tries
	// again; upload the envelope.
	ErrContent = ledger.Refuse(ledger.Unavailable, "custodian.content",
		"the content store has no bytes with this hash")
	// ErrReleased means that an answer to the grant with the number Saw left this custodian and never
	// committed: the machine may hold a limit that the ledger doesn't know. No other grant of this license is
	// answered here; the buyer needs a new license.
	ErrReleased = ledger.Refuse(ledger.Conflict, "custodian.released",
		"this custodian already released an answer for an earlier grant of this license that was never "+
			"committed; another one could double the paid uses")
	// ErrKeys means that the state folder was lost or exchanged: its keys are not those on the ledger. Restore
	// it from its backup; the custodian does not start before.
	ErrKeys = ledger.Refuse(ledger.Conflict, "custodian.keys",
		"the ledger holds other keys of this custodian than its state folder; restore the folder from its backup")
)
