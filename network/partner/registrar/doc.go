// Package registrar enrolls machines for the manufacturer: it checks the endorsement certificate, activates a credential,
// judges what the attestation key certifies, records the machine on the ledger and hands over the trust bundle and the
// product line's runtime key, wrapped to that one TPM.
//
// It refuses a machine without a one-time code from its owner's list, and one whose TPM does not prove all of its keys.
// Its word is not the last one: every custodian activates the machine again (T14).
//
// Read registrar.go first. Refusals: [ErrCode] the code is unknown, or was used for another machine; [ErrEnrollment]
// something that the TPM certified is not what was sent; those of packages activation and tpmpolicy.
package registrar

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of the registrar.
var (
	ErrCode       = ledger.Refuse(ledger.Forbidden, "registrar.code", "the enrollment code is not known, or was used for another machine")
	ErrEnrollment = ledger.Refuse(ledger.Forbidden, "registrar.enrollment", "the machine's TPM does not certify what the enrollment says")
	ErrKeys       = ledger.Refuse(ledger.Conflict, "registrar.keys", "the ledger holds another runtime key of this line than the state folder; restore the folder from its backup")
)
