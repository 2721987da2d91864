package license

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
)

// Format is the license's.
const Format = "guildmark/license/1"

// License is the right of one machine to use one dataset under terms; key license/<id>, create-only.
type License struct {
	Format     string      `json:"format"` // "guildmark/license/1"
	ID         string      `json:"id"`     // ID(order, item)
	Order      string      `json:"order"`
	Item       int         `json:"item"`
	Machine    string      `json:"machine"`
	Buyer      string      `json:"buyer"`
	Dataset    string      `json:"dataset"`
	Version    int         `json:"version"`
	Manifest   string      `json:"manifest"`
	Custodians []string    `json:"custodians"`
	Model      offer.Model `json:"model"`
	Terms      string      `json:"terms"` // TermsHash
	Epoch      int64       `json:"epoch"`
}

// CustodianSets is the license's one custodian set: one of its partners must sign an answer about the
// license.
func (l License) CustodianSets() consortium.CustodianSets {
	return consortium.CustodianSets{l.Custodians}
}

// CheckOwner refuses a caller who is not the license's buyer.
func (l License) CheckOwner(caller string) error {
	if l.Buyer != caller {
		return ErrOwner.Field("caller", caller, l.Buyer)
	}
	return nil
}

// ID is the license's name.
func ID(order string, item string) string { return ledger.Hash("guildmark/license/1", order, item) }

// TermsHash names the terms that a meter belongs to (T16).
func TermsHash(datasetID string, version int, m offer.Model) string {
	return ledger.Hash("guildmark/terms/1", datasetID, strconv.Itoa(version), m.Kind, strconv.FormatInt(m.Uses, 10))
}
