package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"guildmark/chaincode/dataset"
	"guildmark/network/services"
)

// What is sold, and how its price is split (the issue of the first sale).
const (
	recipe      = "fixtures/beverage/marble-cloud.jsonl"
	recipeTitle = "Marble Cloud"
	uses        = 3
	price       = 50_000 // satoshi
)

// publishRecipe seals at the licensor's, publishes, and waits until every custodian could open its halves.
func publishRecipe(ctx context.Context, w *world) error {
	if err := w.fetchBundle(ctx); err != nil {
		return err
	}
	if w.breakAt == "publish" { // a custodian that never confirms
		if err := w.control.Stop(ctx, "custodian.licensors"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(w.dir, "licensor"), 0o700); err != nil {
		return err
	}
	folder := filepath.Join(w.dir, "licensor", "marble-cloud")
	err := w.show(ctx, "guildmark", "seal", "--data", filepath.Join(w.root, recipe), "--profile", "beverage/1", "--title", recipeTitle,
		"--bundle", w.bundleFile(), "--connection", w.connectionFile(), "--identity", w.identity("licensors", "licensor1"),
		"--custodians", "LicensorsMSP,ManufacturerMSP,OperatorMSP", "--lines", services.Line, "--out", folder)
	if err != nil {
		return err
	}
	var published struct {
		Offer dataset.Offer `json:"offer"`
	}
	err = w.ask(ctx, &published, "guildmark", "publish", "--folder", folder, "--connection", w.connectionFile(),
		"--identity", w.identity("licensors", "licensor1"), "--gateway", "https://"+w.conn.Ports.Address("gateway"),
		"--gateway-roots", services.TLSRoot(w.conn, "operator"), "--price", strconv.Itoa(price), "--uses", strconv.Itoa(uses),
		"--contributor", w.party("licensors", "licensor1")+"=2", "--contributor", w.party("licensors", "licensor2")+"=1",
		"--wait", patience(w, "publish").String())
	if err != nil {
		return err
	}
	w.offer = published.Offer.ID
	if w.envelope, err = os.ReadFile(filepath.Join(folder, "envelope.json")); err != nil {
		return err
	}
	w.say("offer %s…: %d uses for %d sat, commission 30 %%, contributors 2:1; three custodians confirmed their halves", w.offer[:16], uses, price)
	return nil
}

func (w *world) bundleFile() string { return filepath.Join(w.dir, "bundle.json") }

// fetchBundle writes the trust bundle where the licensor keeps it.
func (w *world) fetchBundle(ctx context.Context) error {
	var stored struct {
		Bundle string `json:"bundle"`
	}
	if err := w.read(ctx, &stored, "governance:Bundle", ""); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(stored.Bundle)
	if err != nil {
		return fmt.Errorf("trust bundle: %w", err)
	}
	return os.WriteFile(w.bundleFile(), raw, 0o644)
}
