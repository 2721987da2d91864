package license

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
)

// Format is the license's.
const Format = "guildmark/license/1"

// Refusals about licenses.
var (
	ErrUnknown = ledger.Refuse(ledger.NotFound, "license.unknown", "no such license is on the ledger")
	ErrOwner   = ledger.Refuse(ledger.Forbidden, "license.not_owner", "the license belongs to another buyer")
)

// TermsHash names the terms that a meter belongs to (T16).
func TermsHash(datasetID string, version int, m offer.Model) string {
	return ledger.Hash("guildmark/terms/1", datasetID, strconv.Itoa(version), m.Kind, strconv.FormatInt(m.Uses, 10))
}
