package grant

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of grant requests and of committed grants.
var (
	// ErrBasis means that request, license and machine don't belong together, or that the license's terms are
	// not the hash of its dataset, version and model; Saw names what differs. Ask for the license with the
	// machine that it belongs to.
	ErrBasis = ledger.Refuse(ledger.Invalid, "grant.basis", "request, license and machine don't belong together")
	// ErrDiffers means that a committed grant is not the one that its request gives, with the license, the
	// machine and the custodians' keys; Saw shows the first difference. A custodian releases nothing, a
	// machine uses nothing of it: report it.
	ErrDiffers = ledger.Refuse(ledger.Forbidden, "grant.differs",
		"the recorded grant is not the one that its request, its license and its machine give")
	// ErrPair means that the pair is not two different MSPs of the license's custodian set, sorted. Name two
	// that activated the machine.
	ErrPair = ledger.Refuse(ledger.Invalid, "grant.pair",
		"the pair is not two custodians of the license's dataset, sorted")
	// ErrNonce means that the nonce is not base64 of 32 bytes. Send the nonceTPM of the session that waits
	// for the grant.
	ErrNonce = ledger.Refuse(ledger.Invalid, "grant.nonce", "the nonce is not base64 of 32 bytes")
	// ErrAttestation means that an attestation or its signature is not base64 in its one form. Encode what
	// the TPM returned.
	ErrAttestation = ledger.Refuse(ledger.Invalid, "grant.attestation",
		"an attestation or its signature is not base64 in its one form")
	// ErrIndexName means that the Name in the request is not that of an unwritten index with this handle, the
	// license's meter and the custodians' keys of now. Define the index anew by the recipients that the
	// partners sign now, and ask again.
	ErrIndexName = ledger.Refuse(ledger.Invalid, "grant.index_name",
		"the index's Name is not the one that the license's terms and the custodians' keys give")
	// ErrOpen means that another license's grant of this machine is open: the grant counter has not moved
	// past it. Finish that grant first.
	ErrOpen = ledger.Refuse(ledger.Conflict, "grant.open",
		"another grant of the machine is open: its grant counter has not moved yet")
	// ErrDone means that the grant counter has moved past the license's grant: it was armed. A license is
	// granted once.
	ErrDone = ledger.Refuse(ledger.Conflict, "grant.done",
		"the license's grant was armed: the grant counter has moved past it")
	// ErrCounterBack means that the attested grant counter is lower than in the machine's newest grant. A
	// TPM's counter never falls, so nothing is granted: report the machine.
	ErrCounterBack = ledger.Refuse(ledger.Forbidden, "grant.counter_back",
		"the grant counter is lower than in the machine's newest grant")
	// ErrIndexChanged means that an open grant was asked for again with another index. Ask with the index of
	// the first request.
	ErrIndexChanged = ledger.Refuse(ledger.Conflict, "grant.index_changed",
		"an open grant is issued again only for the same index")
	// ErrSessionAlive means that an open grant was asked for again without a reset of the TPM: the session
	// that the first signatures are for can still exist. Wait for the answers, or restart the machine and ask
	// again.
	ErrSessionAlive = ledger.Refuse(ledger.Conflict, "grant.session_alive",
		"the TPM was not reset since the first request, whose session can still be alive")
	// ErrAnswered means that both custodians have answered the open grant, so that its limit can be written.
	// Arm it with these answers; it is never issued again.
	ErrAnswered = ledger.Refuse(ledger.Conflict, "grant.answered",
		"both custodians have answered the open grant: it is never issued again")
	// ErrUnknown means that the license has no grant of this number, or none at all. Check the number, or ask
	// for a grant.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "grant.unknown", "no such grant is on the ledger")
)

// Refusals of custodians' answers.
var (
	// ErrSuperseded means that the license has a newer grant than the one that was answered. Answer that one.
	ErrSuperseded = ledger.Refuse(ledger.Conflict, "grant.superseded", "the license has a newer grant")
	// ErrNotInPair means that the caller is not the custodian of the answer's partner, or that this partner
	// is not in the grant's pair. Nothing is to be answered.
	ErrNotInPair = ledger.Refuse(ledger.Forbidden, "grant.not_in_pair",
		"the caller is not a custodian of this grant's pair")
	// ErrTwice means that this custodian's answer is recorded. Nothing is left to do for it.
	ErrTwice = ledger.Refuse(ledger.Conflict, "grant.answered_twice", "the custodian has answered this grant already")
	// ErrKeysChanged means that a custodian of the set replaced its grant key after the grant was recorded.
	// The machine asks anew after a reset of its TPM.
	ErrKeysChanged = ledger.Refuse(ledger.Conflict, "grant.keys_changed",
		"a custodian's grant key was replaced since the grant was recorded")
	// ErrNoCustodian means that a partner of the custodian set (Saw) has no custodian's recipient on the
	// ledger. Wait until its custodian has set it.
	ErrNoCustodian = ledger.Refuse(ledger.NotFound, "grant.no_custodian",
		"a custodian of the set has no grant key on the ledger")
)

// Refusals of receipts.
var (
	// ErrReceiptKnown means that a receipt of this count is recorded. Nothing is left to do for it.
	ErrReceiptKnown = ledger.Refuse(ledger.Conflict, "receipt.known", "a receipt of this count is recorded already")
	// ErrReceiptBack means that a receipt of a higher count is recorded. Drop the receipt: the higher one
	// includes it.
	ErrReceiptBack = ledger.Refuse(ledger.Forbidden, "receipt.back",
		"a receipt of a higher count is recorded already")
	// ErrReceiptLimit means that the attested limit is not the grant's, or the count is not between 1 and
	// this limit. Attest the license's own meter.
	ErrReceiptLimit = ledger.Refuse(ledger.Forbidden, "receipt.limit",
		"the attested limit is not the grant's, or the count is not between 1 and it")
	// ErrReceiptJob means that the job is not 64 hex digits. Send the salted hash of job and lot, never their
	// text.
	ErrReceiptJob = ledger.Refuse(ledger.Invalid, "receipt.job",
		"the job is not a salted hash, 64 lower-case hex digits")
)
