package grant

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals about grants and receipts.
var (
	ErrBasis        = ledger.Refuse(ledger.Invalid, "grant.basis", "request, license and machine don't belong together")
	ErrDiffers      = ledger.Refuse(ledger.Forbidden, "grant.differs", "the recorded grant is not the one that its request, its license and its machine give")
	ErrPair         = ledger.Refuse(ledger.Invalid, "grant.pair", "the pair is not two custodians of the license's dataset, sorted")
	ErrNonce        = ledger.Refuse(ledger.Invalid, "grant.nonce", "the nonce is not 32 bytes in base64")
	ErrAttestation  = ledger.Refuse(ledger.Invalid, "grant.attestation", "an attestation is not base64")
	ErrIndexName    = ledger.Refuse(ledger.Invalid, "grant.index_name", "the index's Name is not what the license's terms make it")
	ErrOpen         = ledger.Refuse(ledger.Conflict, "grant.open", "the machine has another grant open: its grant counter has not moved yet")
	ErrDone         = ledger.Refuse(ledger.Conflict, "grant.done", "the license's grant was used: the grant counter has moved since")
	ErrCounterBack  = ledger.Refuse(ledger.Forbidden, "grant.counter_back", "the grant counter is lower than it was")
	ErrIndexChanged = ledger.Refuse(ledger.Conflict, "grant.index_changed", "a grant is issued again only for the same index")
	ErrSessionAlive = ledger.Refuse(ledger.Conflict, "grant.session_alive", "the TPM was not reset since, so the first session can still be alive")
	ErrAnswered     = ledger.Refuse(ledger.Conflict, "grant.answered", "both custodians have answered, so the limit can have been written: the grant counts as used")
	ErrUnknown      = ledger.Refuse(ledger.NotFound, "grant.unknown", "no such grant is on the ledger")
	ErrSuperseded   = ledger.Refuse(ledger.Conflict, "grant.superseded", "the license has a newer grant")
	ErrNotInPair    = ledger.Refuse(ledger.Forbidden, "grant.not_in_pair", "the caller is not a custodian of this grant's pair")
	ErrTwice        = ledger.Refuse(ledger.Conflict, "grant.answered_twice", "the custodian has answered this grant already")
	ErrKeysChanged  = ledger.Refuse(ledger.Conflict, "grant.keys_changed", "a custodian's grant key was replaced since the grant was recorded")
	ErrNoCustodian  = ledger.Refuse(ledger.NotFound, "grant.no_custodian", "a custodian of the set has no grant key on the ledger")

	ErrReceiptKnown = ledger.Refuse(ledger.Conflict, "receipt.known", "this count is recorded already")
	ErrReceiptBack  = ledger.Refuse(ledger.Forbidden, "receipt.back", "the count is lower than one recorded before")
	ErrReceiptLimit = ledger.Refuse(ledger.Forbidden, "receipt.limit", "the attested limit is not the grant's, or the count exceeds it")
	ErrReceiptJob   = ledger.Refuse(ledger.Invalid, "receipt.job", "the job is not a salted hash")
)
