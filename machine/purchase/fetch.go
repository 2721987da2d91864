package purchase

import (
	"context"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/holding"
)

// ErrOtherLicense means that the license that the order's view names is of another order, dataset or terms.
// Ask another gateway.
var ErrOtherLicense = ledger.Refuse(ledger.Forbidden, "machine.other_license", "the license is not of this purchase")

// fetch brings in everything that offline use needs and verifies each part: manifest and key envelope ->
// signed license -> sealed body.
func (b *Buyer) fetch(ctx context.Context, p *Purchase) error {
	b.say("fetch", "fetching license "+p.License)
	item := p.item()
	fetched, err := b.Machine.FetchDataset(ctx, item)
	if err != nil {
		return err
	}
	body, err := b.Machine.FetchLicense(ctx, p.License, fetched.Bytes)
	if err != nil {
		return err
	}
	l := body.License
	if l.Order != p.Order.ID || l.Dataset != item.Dataset || l.Manifest != item.Manifest || l.Model != item.Model {
		return ErrOtherLicense.With(l.Order)
	}
	if err := b.Machine.FetchBody(ctx, p.License, fetched.Manifest); err != nil {
		return err
	}
	h := holding.Holding{
		Format: holding.Format, License: l, Title: fetched.Manifest.Title,
		Recipient: b.Machine.Runtime,
	}
	if err := b.Machine.Store.Keep(h, fetched.Bytes, fetched.Envelope); err != nil {
		return err
	}
	return b.save(p, Fetched)
}
