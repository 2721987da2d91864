package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/machine/runtime"
)

// Refusals of what was fetched.
var (
	ErrContent  = ledger.Refuse(ledger.Invalid, "machine.content", "the bytes are not those that were asked for")
	ErrRuntime  = ledger.Refuse(ledger.Forbidden, "machine.runtime", "the dataset is not sealed for this machine's runtime")
	ErrOtherBuy = ledger.Refuse(ledger.Forbidden, "machine.other_license", "the license is not of this purchase")
)

// fetch brings in everything that offline use needs and verifies each part: manifest -> signed license -> key envelope ->
// sealed body.
func (d *desk) fetch(ctx context.Context, p *Purchase) error {
	d.say("fetch", "fetching license "+p.License)
	item := p.Order.Items[0]
	manifest, envelope, err := d.fetchDataset(ctx, item.Dataset, item.Version)
	if err != nil {
		return err
	}
	body, err := d.fetchLicense(ctx, p.License, manifest)
	if err != nil {
		return err
	}
	if l := body.License; l.Order != p.Order.ID || l.Dataset != item.Dataset || l.Manifest != item.Manifest || l.Model != item.Model {
		return ErrOtherBuy.With(l.Order)
	}
	recipient, err := d.recipient(envelope)
	if err != nil {
		return err
	}
	var m dataset.Manifest
	if err := ledger.DecodeCanonical(manifest, &m); err != nil {
		return err
	}
	if err := d.fetchBody(ctx, p.License, m); err != nil {
		return err
	}
	h := Holding{Format: "guildmark/holding/1", License: body.License, Title: m.Title, Recipient: recipient}
	if err := d.keep(h, manifest, envelope); err != nil {
		return err
	}
	return d.step(p, Fetched)
}

// keep stores the small files of a license, the one that makes it count last.
func (d *desk) keep(h Holding, manifest, envelope []byte) error {
	if err := d.store.Write(holdingFile(h.License.ID, "manifest.json"), manifest); err != nil {
		return err
	}
	if err := d.store.Write(holdingFile(h.License.ID, "envelope.json"), envelope); err != nil {
		return err
	}
	return d.store.Save(holdingFile(h.License.ID, "holding.json"), h)
}

// checkSealed finds out before anything is paid that an offer's dataset is sealed for this machine's runtime (T13): nothing
// else keeps a licensor from selling what the machine could never open.
func (d *desk) checkSealed(ctx context.Context, item order.Item) error {
	manifest, envelope, err := d.fetchDataset(ctx, item.Dataset, item.Version)
	if err != nil {
		return err
	}
	if ledger.Digest(manifest) != item.Manifest {
		return ErrContent.With("manifest of " + item.Dataset)
	}
	_, err = d.recipient(envelope)
	return err
}

// fetchDataset gets manifest and key envelope. The manifest is checked with the license; the envelope's wraps open only
// for what the manifest commits to.
func (d *desk) fetchDataset(ctx context.Context, id string, version int) (manifest, envelope []byte, err error) {
	var published struct {
		Manifest    string `json:"manifest"`
		Publication struct {
			Envelope string `json:"envelope"`
		} `json:"publication"`
	}
	path := "/v1/datasets/" + id + "/versions/" + strconv.Itoa(version)
	if err := d.gateway.call(ctx, "GET", path, nil, &published); err != nil {
		return nil, nil, err
	}
	if manifest, err = ledger.Base64(published.Manifest); err != nil {
		return nil, nil, ErrAnswer.With("manifest")
	}
	if err := ledger.CheckID(published.Publication.Envelope); err != nil {
		return nil, nil, ErrAnswer.With("publication.envelope")
	}
	err = d.gateway.call(ctx, "GET", "/v1/content/"+published.Publication.Envelope, nil, &envelope)
	if err == nil && sealed.Address(envelope) != published.Publication.Envelope {
		err = ErrContent.With("envelope " + sealed.Address(envelope))
	}
	return manifest, envelope, err
}

// fetchLicense has the license signed in answer to a fresh nonce, verifies it as its holder does offline, and stores it.
func (d *desk) fetchLicense(ctx context.Context, id string, manifest []byte) (signed.LicenseBody, error) {
	t, err := d.trust(d.enrolled)
	if err != nil {
		return signed.LicenseBody{}, err
	}
	var file []byte
	var nonce string
	err = d.caughtUp(ctx, func() (err error) {
		file, nonce, err = d.ask(ctx, "/v1/licenses/"+id+"/sign")
		return err
	})
	if err != nil {
		return signed.LicenseBody{}, err
	}
	body, answer, err := t.verifier.License(file, signed.LicenseExpectation{
		License: id, Nonce: nonce, Machine: d.enrolled.Machine.ID, Manifest: manifest,
	})
	if err != nil {
		return body, err
	}
	if _, err := d.floor(answer.Clock); err != nil {
		return body, err
	}
	return body, d.store.Write(holdingFile(id, "license.signed.json"), file)
}

// recipient is the id under which the dataset must be sealed: this machine's product line and assurance (T13).
func (d *desk) recipient(envelope []byte) (string, error) {
	e, err := sealed.ParseEnvelope(envelope)
	if err != nil {
		return "", err
	}
	id := d.enrolled.Recipient
	if !slices.ContainsFunc(e.Wraps, func(w sealed.Wrap) bool { return w.Role == sealed.RoleRuntime && w.Recipient == id }) {
		return "", ErrRuntime.With(id)
	}
	return id, nil
}

// fetchBody stores the sealed body; bytes that don't hash to the manifest's value are never put in place.
func (d *desk) fetchBody(ctx context.Context, id string, m dataset.Manifest) error {
	name := holdingFile(id, "body.sealed")
	if d.store.Has(name) {
		return nil // it was checked before it was put there, and the runtime checks again
	}
	rsp, err := d.gateway.send(ctx, http.MethodGet, "/v1/content/"+m.BodyHash, nil, nil)
	if err != nil {
		return err
	}
	defer func() { _ = rsp.Body.Close() }() // it was read as far as it matters
	return d.store.Stream(name, func(w io.Writer) error {
		sum := sha256.New()
		n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(rsp.Body, m.BodySize+1))
		if err != nil {
			return ErrOffline.With(err.Error())
		}
		if got := hex.EncodeToString(sum.Sum(nil)); n != m.BodySize || !bytes.Equal([]byte(got), []byte(m.BodyHash)) {
			return runtime.ErrSealedBody.With(got)
		}
		return nil
	})
}

// Licenses lists what the machine holds.
func (a *Agent) Licenses() ([]Holding, error) {
	names, err := a.store.List("licenses")
	if err != nil {
		return nil, err
	}
	all := []Holding{}
	for _, name := range names {
		if !a.store.Has(holdingFile(name, "holding.json")) {
			continue
		}
		var h Holding
		if err := a.store.Load(holdingFile(name, "holding.json"), &h); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}
