// Package catalogue is the contract of what is sold: published versions of datasets, and the offers under
// which they can be licensed. Read publish.go first.
//
// Does not judge: packages dataset and offer do. Never sees the data or a key.
package catalogue

import (
	"encoding/base64"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions are the contract's rows of the one table.
func Functions() []state.Function {
	return []state.Function{
		{
			Name: "catalogue:Publish", Call: state.Document(Publish),
			Roles: []string{party.Licensor}, Pinned: true, Writes: true,
		},
		{Name: "catalogue:Confirm", Call: state.Three(Confirm), Roles: []string{party.Custodian}, Writes: true},
		{
			Name: "catalogue:Offer", Call: state.Document(Offer),
			Roles: []string{party.Licensor}, Pinned: true, Writes: true,
		},
		{Name: "catalogue:Dataset", Call: state.Two(Dataset)},
		{Name: "catalogue:GetOffer", Call: state.One(GetOffer)},
	}
}

// Dataset reads a published version.
func Dataset(t *state.Transaction, id, number string) (dataset.View, error) {
	v, err := t.Version(id, number)
	if err != nil {
		return dataset.View{}, err
	}
	view := dataset.View{Manifest: base64.StdEncoding.EncodeToString(v.Raw), Publication: v.Publication}
	if view.Confirmed, err = t.Confirmations(&v.Manifest); err != nil {
		return view, err
	}
	view.Final, err = t.IsFinal(v.Manifest.Dataset, v.Manifest.Version)
	return view, err
}

// GetOffer reads an offer.
func GetOffer(t *state.Transaction, id string) (offer.Offer, error) { return t.Offer(id) }
