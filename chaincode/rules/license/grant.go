package license

import (
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refusals about grants and receipts.
var (
	ErrPair         = ledger.Refuse(ledger.Invalid, "grant.pair", "the pair is not two custodians of the license's dataset, sorted")
	ErrNonce        = ledger.Refuse(ledger.Invalid, "grant.nonce", "the nonce is not 32 bytes in base64")
	ErrAttestation  = ledger.Refuse(ledger.Invalid, "grant.attestation", "an attestation is not base64")
	ErrIndexName    = ledger.Refuse(ledger.Invalid, "grant.index_name", "the index's Name is not what the license's terms make it")
	ErrOpen         = ledger.Refuse(ledger.Conflict, "grant.open", "the machine has another grant open: its epoch counter has not moved yet")
	ErrDone         = ledger.Refuse(ledger.Conflict, "grant.done", "the license's grant was used: the epoch counter has moved since")
	ErrCounterBack  = ledger.Refuse(ledger.Forbidden, "grant.counter_back", "the epoch counter is lower than it was")
	ErrIndexChanged = ledger.Refuse(ledger.Conflict, "grant.index_changed", "a grant is issued again only for the same index")
	ErrSessionAlive = ledger.Refuse(ledger.Conflict, "grant.session_alive", "the TPM was not reset since, so the first session can still be alive")
	ErrAnswered     = ledger.Refuse(ledger.Conflict, "grant.answered", "both custodians have answered, so the limit can have been written: the grant counts as used")
	ErrNoGrant      = ledger.Refuse(ledger.NotFound, "grant.unknown", "no such grant is on the ledger")
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

// OpenGrant marks a machine's newest grant; key granting/<machine>. It is open until an attested epoch counter above
// Counter is seen (T15).
type OpenGrant struct {
	License string `json:"license"`
	Number  int    `json:"number"`
	Counter uint64 `json:"counter"`
}

// Seen is what a machine's TPM has attested for a grant request.
type Seen struct {
	License    string
	IndexName  string
	Counter    uint64
	ResetCount uint32
}

// History is what the ledger knows before a grant: the machine's newest grant (nil: none), whether both of its
// custodians have answered, and whether the asking license ever had a grant.
type History struct {
	Newest   *Grant
	Answered bool
	Granted  bool
}

// Next judges a grant request and gives the grant's number (T15). A machine has one open grant: until its counter
// moves past the grant's, only the same grant is issued again, and that only after a reset of the TPM, which killed
// the session that the first signatures were for.
//
// A grant that both custodians have answered is never issued again: the machine can have written the limit before
// the reset, and a second signature would let it define the index anew and use its license twice.
func Next(s Seen, h History) (int, error) {
	if h.Newest == nil || s.Counter > h.Newest.Counter {
		if h.Granted {
			return 0, ErrDone.With(s.License)
		}
		return 1, nil
	}
	g := h.Newest
	switch {
	case s.Counter < g.Counter:
		return 0, ErrCounterBack.With(strconv.FormatUint(s.Counter, 10))
	case g.License != s.License:
		return 0, ErrOpen.With(g.License)
	case h.Answered:
		return 0, ErrAnswered.With(strconv.Itoa(g.Number))
	case g.IndexName != s.IndexName:
		return 0, ErrIndexChanged.With(s.IndexName)
	case s.ResetCount <= g.ResetCount:
		return 0, ErrSessionAlive.With(strconv.FormatUint(uint64(s.ResetCount), 10))
	}
	return g.Number + 1, nil
}

// CheckPair demands two different custodians of the license's set, sorted.
func (l *License) CheckPair(pair []string) error {
	if len(pair) != 2 || !ledger.Ascending(pair) || !slices.Contains(l.Custodians, pair[0]) || !slices.Contains(l.Custodians, pair[1]) {
		return ErrPair
	}
	return nil
}

// CheckReceipt judges an attested count and limit against the grant and the highest count recorded before (0: none).
func CheckReceipt(g *Grant, count, limit, last int64) error {
	seen := strconv.FormatInt(count, 10) + " of " + strconv.FormatInt(limit, 10)
	switch {
	case limit != g.Limit || count < 1 || count > limit:
		return ErrReceiptLimit.With(seen)
	case count == last:
		return ErrReceiptKnown.With(seen)
	case count < last:
		return ErrReceiptBack.With(seen)
	}
	return nil
}
