package holding

import (
	"context"
	"io"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/machine/market"
)

// Refusals of what was fetched.
var (
	// ErrContent means that manifest or key envelope don't have the hash that the order or the ledger names.
	// Ask again, or another gateway.
	ErrContent = ledger.Refuse(ledger.Invalid, "machine.content", "the bytes are not those that were asked for")
	// ErrRuntime means that the key envelope holds no wrap for this machine's product line and assurance
	// (Saw), so it could never open the data. Nothing was paid; ask the licensor to seal for that line.
	ErrRuntime = ledger.Refuse(ledger.Forbidden, "machine.runtime",
		"the dataset is not sealed for this machine's runtime")
)

// Fetched is a dataset's version as far as it isn't secret.
type Fetched struct {
	Manifest dataset.Manifest
	Bytes    []byte // of the manifest: what its hash is of
	Envelope []byte
}

// FetchDataset gets the manifest and the key envelope of what an order buys, and finds out that the dataset
// is sealed for this machine's runtime (T13). It comes before anything is paid: nothing else keeps a licensor
// from selling what the machine could never open.
func (m *Machine) FetchDataset(ctx context.Context, item order.Item) (Fetched, error) {
	var f Fetched
	doc, address, err := m.Gateway.Dataset(ctx, item.Dataset, item.Version)
	if err != nil {
		return f, err
	}
	if ledger.Digest(doc) != item.Manifest {
		return f, ErrContent.With("manifest of " + item.Dataset)
	}
	if err := ledger.DecodeCanonical(doc, &f.Manifest); err != nil {
		return f, err
	}
	f.Bytes = doc
	if f.Envelope, err = m.Gateway.Content(ctx, address); err != nil {
		return f, err
	}
	if got := sealed.Address(f.Envelope); got != address {
		return f, ErrContent.With("envelope " + got)
	}
	return f, m.checkRuntime(f.Envelope)
}

// checkRuntime looks for the wrap that this machine's runtime can open.
func (m *Machine) checkRuntime(envelope []byte) error {
	e, err := sealed.ParseEnvelope(envelope)
	if err != nil {
		return err
	}
	ours := func(w sealed.Wrap) bool { return w.Role == sealed.RoleRuntime && w.Recipient == m.Runtime }
	if !slices.ContainsFunc(e.Wraps, ours) {
		return ErrRuntime.With(m.Runtime)
	}
	return nil
}

// FetchLicense has the license signed in answer to a fresh nonce, verifies it as its holder does offline, and
// stores it.
func (m *Machine) FetchLicense(ctx context.Context, id string, manifest []byte) (signed.LicenseBody, error) {
	var file []byte
	var nonce string
	err := market.CaughtUp(ctx, m.Every, func() (err error) {
		file, nonce, err = m.Gateway.SignLicense(ctx, id)
		return err
	})
	if err != nil {
		return signed.LicenseBody{}, err
	}
	body, answer, err := m.Trust.Verifier.License(file, signed.LicenseExpectation{
		License: id, Nonce: nonce, Machine: m.ID, Manifest: manifest,
	})
	if err != nil {
		return body, err
	}
	if _, err := m.Floor(answer.Clock); err != nil {
		return body, err
	}
	return body, m.Store.Folder.Write(File(id, SignedFile), file)
}

// Renew stores a fresh signed answer for a license, and with it a fresh lease.
func (m *Machine) Renew(ctx context.Context, id string) error {
	manifest, err := m.Store.Folder.Read(File(id, ManifestFile))
	if err != nil {
		return err
	}
	_, err = m.FetchLicense(ctx, id, manifest)
	return err
}

// FetchBody stores the sealed body. Bytes that don't have the manifest's size and hash are never put in place.
func (m *Machine) FetchBody(ctx context.Context, id string, manifest dataset.Manifest) error {
	name := File(id, BodyFile)
	if m.Store.Folder.Has(name) {
		return nil // it was checked before it was put there, and the runtime checks again
	}
	body, err := m.Gateway.StreamContent(ctx, manifest.BodyHash)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // it was read as far as it matters
	return m.Store.Folder.Stream(name, func(w io.Writer) error {
		return sealed.CheckBody(io.TeeReader(io.LimitReader(body, manifest.BodySize+1), w), manifest)
	})
}
