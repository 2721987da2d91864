package offer_test

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// TestAgain: the same request under the same key is harmless, another one is refused.
func TestAgain(t *testing.T) {
	request := offer.Request{
		Key: "k", Dataset: "d", Version: 1, Model: offer.Model{Kind: offer.ModelUses, Uses: 3}, Price: 5_000,
		Assurance: []string{"tpm"}, Contributors: []royalty.Contributor{{Payee: "p", Weight: 1}},
	}
	o := offer.Offer{
		ID: "id", Dataset: "d", Version: 1, Model: request.Model, Price: request.Price, Assurance: request.Assurance,
		Split: royalty.Terms{Contributors: request.Contributors},
	}
	if got, err := o.Again(request); err != nil || got.ID != o.ID {
		t.Errorf("the same request: got %v, %v", got.ID, err)
	}
	for name, change := range map[string]func(*offer.Request){
		"dataset":      func(r *offer.Request) { r.Dataset = "e" },
		"version":      func(r *offer.Request) { r.Version = 2 },
		"model":        func(r *offer.Request) { r.Model.Uses = 4 },
		"price":        func(r *offer.Request) { r.Price++ },
		"assurance":    func(r *offer.Request) { r.Assurance = []string{"software", "tpm"} },
		"contributors": func(r *offer.Request) { r.Contributors = nil },
		"residual":     func(r *offer.Request) { r.Residual = "p" },
	} {
		t.Run(name, func(t *testing.T) {
			other := request
			change(&other)
			if _, err := o.Again(other); !errors.Is(err, offer.ErrKeyReused) {
				t.Errorf("got %v, want %v", err, offer.ErrKeyReused)
			}
		})
	}
}
