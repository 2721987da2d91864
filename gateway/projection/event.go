package projection

import (
	"context"
	"encoding/json"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/gateway/store"
)

// row writes the rows of one event.
type row func(ctx context.Context, b *store.Batch) error

// readers has a function for each event of which the read model keeps rows.
var readers = map[string]func(payload []byte) (row, error){
	ledger.EventDatasetPublished: published,
	ledger.EventDatasetConfirmed: confirmed,
	ledger.EventOfferMade:        offered,
	ledger.EventMachine:          registered,
	ledger.EventOrderPlaced:      placed,
	ledger.EventOrderSettled:     settled,
}

// project writes one event's rows. An event that can't be decoded is logged and skipped: it is final on the
// ledger, so waiting would stop the read model for ever.
func (p *Projection) project(ctx context.Context, b *store.Batch, e Event) error {
	read, wanted := readers[e.Name]
	if !wanted {
		return nil
	}
	write, err := read(e.Payload)
	if err != nil {
		p.Log.ErrorContext(ctx, "event skipped: its payload can't be decoded", "event", e.Name, "block",
			e.Block, "tx", e.TxID, "error", err)
		return nil
	}
	return write(ctx, b)
}

func published(payload []byte) (row, error) {
	var e struct {
		Manifest    string          `json:"manifest"`
		Publication json.RawMessage `json:"publication"`
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	var p dataset.Publication
	if err := json.Unmarshal(e.Publication, &p); err != nil {
		return nil, err
	}
	manifest, err := ledger.Base64(e.Manifest)
	if err != nil {
		return nil, err
	}
	var m dataset.Manifest
	if err := json.Unmarshal(manifest, &m); err != nil {
		return nil, err
	}
	return func(ctx context.Context, b *store.Batch) error {
		return b.PutDataset(ctx, store.Dataset{
			ID: m.Dataset, Version: m.Version, Manifest: manifest, Publication: e.Publication,
			BodyHash: m.BodyHash, BodySize: m.BodySize, Envelope: p.Envelope,
		})
	}, nil
}

func confirmed(payload []byte) (row, error) {
	var c dataset.Confirmed
	err := json.Unmarshal(payload, &c)
	return func(ctx context.Context, b *store.Batch) error {
		return b.Confirm(ctx, c.Dataset, c.Version, c.MSP, c.Final)
	}, err
}

func offered(payload []byte) (row, error) {
	var o offer.Offer
	err := json.Unmarshal(payload, &o)
	return func(ctx context.Context, b *store.Batch) error {
		return b.PutOffer(ctx, store.Offer{ID: o.ID, Dataset: o.Dataset, Version: o.Version, Doc: payload})
	}, err
}

func registered(payload []byte) (row, error) {
	var m machine.Machine
	err := json.Unmarshal(payload, &m)
	return func(ctx context.Context, b *store.Batch) error { return b.PutMachine(ctx, m.ID, payload) }, err
}

func placed(payload []byte) (row, error) {
	var o order.Order
	err := json.Unmarshal(payload, &o)
	return func(ctx context.Context, b *store.Batch) error {
		return b.PutOrder(ctx, o.ID, o.Machine, o.Number, payload)
	}, err
}

func settled(payload []byte) (row, error) {
	var s order.Settled
	err := json.Unmarshal(payload, &s)
	return func(ctx context.Context, b *store.Batch) error { return b.Settle(ctx, s.Settlement.Order) }, err
}
