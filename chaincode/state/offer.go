package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
)

// Offer loads an offer.
func (t *Transaction) Offer(id string) (offer.Offer, error) {
	if err := ledger.CheckID(id); err != nil {
		return offer.Offer{}, err
	}
	return load[offer.Offer](t, offer.Key(id), offer.ErrUnknown)
}

// FindOffer is Offer where there may be none.
func (t *Transaction) FindOffer(id string) (offer.Offer, bool, error) {
	return find[offer.Offer](t, offer.Key(id))
}

// PutOffer stores an offer.
func (t *Transaction) PutOffer(o offer.Offer) error { return t.put(offer.Key(o.ID), o) }
