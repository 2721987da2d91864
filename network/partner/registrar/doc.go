// Package registrar enrolls machines for the manufacturer: it checks the endorsement certificate, activates a
// credential, verifies what the attestation key certifies, records the machine on the ledger, and hands over
// the trust bundle and the product line's runtime key, which only this machine's TPM can unwrap.
//
// It rejects a machine without a one-time code of its owner, and one whose TPM does not prove all of its
// keys. Does not decide alone: every custodian activates the machine's TPM again (T14).
//
// Read registrar.go first, then codes.go. Each refusal's comment says when it happens and what to do; others
// come from packages activation and tpmpolicy. [ErrLine] and [ErrOwner] are for whoever draws a code.
package registrar

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of the registrar.
var (
	// ErrCode means that the code is not on the owners' list, or another machine used it. Ask the registrar's
	// partner for a new code.
	ErrCode = ledger.Refuse(ledger.Forbidden, "registrar.code",
		"the enrollment code is not on the list, or another machine has used it")
	// ErrEnrollment means that a value of the enrollment (Saw) is not the one that the machine's TPM
	// certified. Enroll again with this TPM's keys.
	ErrEnrollment = ledger.Refuse(ledger.Forbidden, "registrar.enrollment",
		"a value of the enrollment is not the one that the machine's TPM certifies")
	// ErrKeys means that the state folder was lost or exchanged: its runtime key (Saw) is not the one on the
	// ledger, so that no machine could open what was sealed to the line. Restore the folder from its backup;
	// the registrar does not start before.
	ErrKeys = ledger.Refuse(ledger.Conflict, "registrar.keys",
		"the ledger holds another runtime key of this line than the state folder; restore the folder from its backup")
)
