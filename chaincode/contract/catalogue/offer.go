package catalogue

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Offer records the terms under which the caller's dataset can be licensed. The same request under the same
// key of the licensor returns the same offer again.
func Offer(t *state.Transaction, r offer.Request) (offer.Offer, error) {
	epoch, err := t.Epoch()
	if err != nil {
		return offer.Offer{}, err
	}
	config, caller := t.Config(), t.Caller()
	owner := dataset.Licensor{MSP: caller.MSP, Party: caller.Party}
	commission := royalty.Commission(config.Commission)
	o, err := offer.New(r, owner, commission, config.Limits.MinPrice, consortium.Assurances(), epoch)
	if err != nil {
		return offer.Offer{}, err
	}
	if err := o.Split.CheckHomes(config.IsPartner); err != nil {
		return offer.Offer{}, err
	}
	before, known, err := t.FindOffer(o.ID)
	if err != nil {
		return offer.Offer{}, err
	}
	if known {
		return before.Again(r)
	}
	p, err := t.Publication(o.Dataset, o.Version)
	if err != nil {
		return offer.Offer{}, err
	}
	if err := p.CheckOwner(owner); err != nil {
		return offer.Offer{}, err
	}
	if err := t.PutOffer(o); err != nil {
		return offer.Offer{}, err
	}
	return o, t.Event(ledger.EventOfferMade, o)
}
