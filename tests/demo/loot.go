package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/tests/stage"
)

// loot is what attackers collected while the network ran: paths of files that the step `refusals` gives to a machine.
type loot struct {
	onePartner  string // a real endorsement of the license by one partner alone
	otherSigned string // a license of a second channel, by the same peers with the same chaincode
	unsubmitted string // a real endorsed write that was never submitted
	clients     string // the license with two client certificates as signers
	changed     string // the license with one byte changed
	lifted      string // the code with which a custodian refused a lifted key wrap
}

const nonce = "00000000000000000000000000000000000000000000000000000000000000aa"

// collectLoot does the part of the attacks that needs a running network.
func collectLoot(ctx context.Context, w *world) error {
	if err := os.MkdirAll(w.lootPath(""), 0o755); err != nil {
		return err
	}
	for _, a := range []struct {
		what    string
		collect func(context.Context, *world) error
	}{
		{"one partner endorses alone", oneEndorsement},
		{"a write is endorsed by two partners and kept back", keptWrite},
		{"the license is changed by a byte, and signed anew by two client certificates", forge},
		{"the same partners sell the same recipe on a channel of their own", shadowSale},
		{"another licensor lifts the recipe's key wraps into a dataset of his own", liftWraps},
	} {
		if err := a.collect(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", a.what, err)
		}
		w.Say("%s", a.what)
	}
	return nil
}

func (w *world) lootPath(name string) string { return filepath.Join(w.Dir, "loot", name) }

func (w *world) keep(name string, f signed.File) (string, error) {
	path := w.lootPath(name + ".signed.json")
	return path, os.WriteFile(path, f.Encode(), 0o644)
}

func oneEndorsement(ctx context.Context, w *world) error {
	reader, err := w.As("operator", "reader")
	if err != nil {
		return err
	}
	f, err := reader.Sign(ctx, client.Exactly("OperatorMSP"), "licenses:Sign", w.license, nonce)
	if err != nil {
		return err
	}
	w.loot.onePartner, err = w.keep("one-partner", f)
	return err
}

func keptWrite(ctx context.Context, w *world) error {
	buyer, err := w.As("operator", "buyer1")
	if err != nil {
		return err
	}
	request := fmt.Sprintf(`{"key":"kept-back","machine":%q,"offers":[%q]}`, w.machine.ID, w.offer)
	f, err := buyer.Sign(ctx, client.Exactly("ManufacturerMSP", "OperatorMSP"), "orders:Place", request)
	if err != nil {
		return err
	}
	w.loot.unsubmitted, err = w.keep("never-submitted", f)
	return err
}

// shadowSale governs a second channel and sells there, settled by the very payment of the first sale.
func shadowSale(ctx context.Context, w *world) error {
	if err := w.Show(ctx, "network", "channel", "add", "--dir", w.Net(), "--tools", w.Tools,
		shadowChannel); err != nil {
		return err
	}
	if err := play.Govern(ctx, w.onChannel(shadowChannel)); err != nil {
		return err
	}
	f, err := newShadow(w).sell(ctx)
	if err != nil {
		return err
	}
	w.loot.otherSigned, err = w.keep("other-channel", f)
	return err
}

// liftWraps publishes a dataset whose envelope carries another dataset's wraps, and waits until a custodian
// refuses it.
func liftWraps(ctx context.Context, w *world) error {
	recipe := stage.Recipe{
		Data: "fixtures/beverage/sunrise.jsonl", Title: "Sunrise", Licensor: "licensor2",
		Folder: "lifted", Price: 5000, Uses: 1,
	}
	id, err := w.Seal(ctx, recipe)
	if err != nil {
		return err
	}
	own, err := sealed.ParseEnvelope(w.envelope)
	if err != nil {
		return err
	}
	own.Dataset = id // the envelope names the new dataset; its wraps are still those of the first
	if err := os.WriteFile(filepath.Join(w.Path(recipe), "envelope.json"), own.Bytes(), 0o600); err != nil {
		return err
	}
	// The command waits for custodians that will never confirm; it is ended once the first one refused.
	publishing, end := context.WithCancel(ctx)
	defer end()
	published := make(chan struct{})
	go func() {
		defer close(published)
		_ = w.Show(publishing, "guildmark", w.Publishing(recipe, w.timeout(""))...) // ended from below
	}()
	err = stage.Wait(ctx, w.timeout(""), "a custodian to refuse the lifted wraps", func() (bool, error) {
		code, err := w.refusedBy("operator", id)
		w.loot.lifted = code
		return code != "", err
	})
	end()
	<-published
	return err
}

// refusedBy reads why a custodian refused a dataset for good; "" while it hasn't.
func (w *world) refusedBy(partner, dataset string) (string, error) {
	files, err := filepath.Glob(filepath.Join(w.Net(), partner, "services", "custodian", "refused", "*"+
		dataset[:16]+"*"))
	if err != nil || len(files) == 0 {
		return "", err
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		return "", err
	}
	var note struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(raw, &note); err != nil {
		return "", err
	}
	code := regexp.MustCompile(`[a-z]+\.[a-z_]+`).FindString(note.Reason)
	if code == "" {
		return "", fmt.Errorf("the custodian's note %s names no code", files[0])
	}
	return code, nil
}

// copyTree copies a folder with its modes, as a thief with root would.
func copyTree(from, to string) error {
	return os.CopyFS(to, os.DirFS(from))
}
