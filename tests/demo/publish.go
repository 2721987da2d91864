package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/tests/stage"
)

// What is sold, and how its price is split (the issue of the first sale).
const (
	recipeTitle = "Marble Cloud"
	uses        = 3
	price       = 50_000 // satoshi
)

// publishRecipe seals at the licensor's, publishes, and waits until every custodian could open its halves.
func publishRecipe(ctx context.Context, w *world) error {
	if err := w.FetchBundle(ctx); err != nil {
		return err
	}
	if w.breakAt == "publish" { // a custodian that never confirms
		if err := w.Control.Stop(ctx, "custodian.licensors"); err != nil {
			return err
		}
	}
	recipe := stage.Recipe{
		Data: "fixtures/beverage/marble-cloud.jsonl", Title: recipeTitle,
		Licensor: "licensor1", Folder: "marble-cloud", Price: price, Uses: uses,
	}
	id, err := w.Seal(ctx, recipe)
	if err != nil {
		return err
	}
	w.Say("%q is sealed at its licensor's as dataset %s…", recipeTitle, id[:16])
	var published struct {
		Offer offer.Offer `json:"offer"`
	}
	if err := w.Ask(ctx, &published, "guildmark", w.Publishing(recipe, w.timeout("publish"))...); err != nil {
		return err
	}
	w.offer = published.Offer.ID
	if w.envelope, err = os.ReadFile(filepath.Join(w.Path(recipe), "envelope.json")); err != nil {
		return err
	}
	w.Say("offer %s…: %d uses for %d sat, commission 30 %%, contributors 2:1; three custodians confirmed "+
		"their halves", w.offer[:16], uses, price)
	return nil
}
