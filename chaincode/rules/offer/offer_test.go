package offer_test

import (
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

const (
	market = "OperatorMSP.0123456789abcdef"
	author = "LicensorsMSP.0123456789abcdef"
)

func request() offer.Request {
	return offer.Request{
		Key: "first", Dataset: ledger.Hash("dataset"), Version: 1, Model: offer.Model{Kind: offer.ModelUses, Uses: 3},
		Price: 5_000, Assurance: []string{"tpm", "vtpm"}, Residual: author,
	}
}

func TestNew(t *testing.T) {
	commission := royalty.Commission{Rate: royalty.Whole / 10, Min: 100, Max: 1_000, Payee: market}
	classes := []string{"software", "tpm", "vtpm"}
	licensor := dataset.Licensor{MSP: "LicensorsMSP", Party: author}
	for _, c := range []struct {
		name string
		edit func(*offer.Request)
		want *ledger.Refusal
		saw  string
	}{
		{"as it is", func(*offer.Request) {}, nil, ""},
		{"no key", func(r *offer.Request) { r.Key = "" }, offer.ErrInvalid, "key"},
		{"a key of 64 characters", func(r *offer.Request) { r.Key = strings.Repeat("k", 64) }, nil, ""},
		{
			"a key of 65 characters", func(r *offer.Request) { r.Key = strings.Repeat("k", 65) }, offer.ErrInvalid,
			"key",
		},
		{"a key with a space", func(r *offer.Request) { r.Key = "a b" }, offer.ErrInvalid, "key"},
		{"a dataset that is no id", func(r *offer.Request) { r.Dataset = "x" }, offer.ErrInvalid, "dataset"},
		{"version 0", func(r *offer.Request) { r.Version = 0 }, offer.ErrInvalid, "version 0"},
		{"another model", func(r *offer.Request) { r.Model.Kind = "days" }, offer.ErrModel, "days 3"},
		{"no uses", func(r *offer.Request) { r.Model.Uses = 0 }, offer.ErrModel, "uses 0"},
		{"a million uses", func(r *offer.Request) { r.Model.Uses = 1_000_000 }, nil, ""},
		{"more uses", func(r *offer.Request) { r.Model.Uses = 1_000_001 }, offer.ErrModel, "uses 1000001"},
		{"for nothing", func(r *offer.Request) { r.Price = 0 }, offer.ErrPrice, "0 sat"},
		{"for more than there is", func(r *offer.Request) { r.Price = ledger.MaxSatoshi + 1 }, offer.ErrPrice, ""},
		{"the least price", func(r *offer.Request) { r.Price = 2_000 }, nil, ""},
		{
			"under the least price", func(r *offer.Request) { r.Price = 1_999 }, offer.ErrMinPrice,
			"price 1999 sat, expected 2000 sat or more",
		},
		{"for no class", func(r *offer.Request) { r.Assurance = nil }, offer.ErrInvalid, "assurance"},
		{
			"classes not sorted", func(r *offer.Request) { r.Assurance = []string{"vtpm", "tpm"} },
			offer.ErrInvalid, "assurance",
		},
		{
			"a class that is unknown", func(r *offer.Request) { r.Assurance = []string{"gold"} }, offer.ErrInvalid,
			`"gold", expected software, tpm, vtpm`,
		},
		{"nobody for the rest", func(r *offer.Request) { r.Residual = "" }, royalty.ErrResidual, "0 contributors"},
		{"contributors and a residual payee", func(r *offer.Request) {
			r.Contributors = []royalty.Contributor{{Payee: author, Weight: 1}}
		}, royalty.ErrResidual, "1 contributors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request()
			c.edit(&r)
			o, err := offer.New(r, licensor, commission, 2_000, classes, 7)
			ledgertest.Refused(t, err, c.want, c.saw)
			if c.want != nil {
				return
			}
			if o.ID != offer.ID(author, r.Key) || o.Format != offer.Format || o.Licensor != licensor ||
				o.Epoch != 7 ||
				o.Split.Commission != commission || o.Split.Residual != author {
				t.Errorf("got %+v", o)
			}
			if again, err := o.Again(r); err != nil || again.ID != o.ID {
				t.Errorf("the request of the offer: got %v, %v", again.ID, err)
			}
		})
	}
}
