package offer

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Offer is the terms under which a dataset can be licensed; key offer/<id>; never changed, only withdrawn.
type Offer struct {
	Format    string           `json:"format"` // "guildmark/offer/1"
	ID        string           `json:"id"`     // ID(licensor party, key)
	Licensor  dataset.Licensor `json:"licensor"`
	Dataset   string           `json:"dataset"`
	Version   int              `json:"version"`
	Model     Model            `json:"model"`
	Price     ledger.Satoshi   `json:"price"`
	Assurance []string         `json:"assurance"` // admitted classes, sorted: software, tpm, vtpm
	Split     royalty.Terms    `json:"split"`
	Epoch     int64            `json:"epoch"` // when it was published
}

// Request is what a licensor publishes; the ledger adds the rest.
type Request struct {
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

// ID is the offer's name.
func ID(licensorParty, key string) string {
	return ledger.Hash("guildmark/offer/1", licensorParty, key)
}
