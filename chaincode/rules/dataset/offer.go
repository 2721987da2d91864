// Package dataset holds the rules of what is sold: manifests of sealed technology data and the offers under which it
// can be licensed.
//
// It refuses to look inside the data, and never sees a key.
package dataset

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Offer is the terms under which a dataset can be licensed; key offer/<id>; never changed, only withdrawn.
type Offer struct {
	Format    string         `json:"format"` // "guildmark/offer/1"
	ID        string         `json:"id"`     // OfferID(licensor party, key)
	Licensor  Licensor       `json:"licensor"`
	Dataset   string         `json:"dataset"`
	Version   int            `json:"version"`
	Model     Model          `json:"model"`
	Price     ledger.Satoshi `json:"price"`
	Assurance []string       `json:"assurance"` // admitted classes, sorted: software, tpm, vtpm
	Split     royalty.Terms  `json:"split"`
	Epoch     int64          `json:"epoch"` // when it was published
}

// OfferRequest is what a licensor publishes; the ledger adds the rest.
type OfferRequest struct {
	Key          string                `json:"key"` // the licensor's own name for it: makes the id, and repeats harmless
	Dataset      string                `json:"dataset"`
	Version      int                   `json:"version"`
	Model        Model                 `json:"model"`
	Price        ledger.Satoshi        `json:"price"`
	Assurance    []string              `json:"assurance"`
	Contributors []royalty.Contributor `json:"contributors"`
	Residual     string                `json:"residual"` // party id
}

// Model is a license model; only the counted one exists yet.
type Model struct {
	Kind string `json:"kind"` // "uses"
	Uses int64  `json:"uses"`
}

// OfferID is the offer's name.
func OfferID(licensorParty, key string) string {
	return ledger.Hash("guildmark/offer/1", licensorParty, key)
}
