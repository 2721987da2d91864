package store

import (
	"context"
	"database/sql"
)

// Batch writes rows inside one Apply. Every write is idempotent: an event that comes twice changes nothing.
type Batch struct{ tx *sql.Tx }

func (b *Batch) exec(ctx context.Context, what, query string, args ...any) error {
	_, err := b.tx.ExecContext(ctx, query, args...)
	return wrap(what, err)
}

// Dataset is a published version as the catalogue shows it.
type Dataset struct {
	ID          string
	Version     int
	Manifest    []byte // the exact bytes
	Publication []byte // the ledger's document
	Confirmed   []string
	Final       bool
	BodyHash    string // written only, with BodySize and Envelope: what the content store may take
	BodySize    int64
	Envelope    string
}

// PutDataset stores a publication and announces its bytes to the content store.
func (b *Batch) PutDataset(ctx context.Context, d Dataset) error {
	if err := b.exec(ctx, "dataset", "INSERT OR IGNORE INTO datasets (dataset, version, manifest, "+
		"publication) VALUES (?, ?, ?, ?)",
		d.ID, d.Version, d.Manifest, string(d.Publication)); err != nil {
		return err
	}
	const announce = "INSERT OR IGNORE INTO announced (hash, size, atmost) VALUES (?, ?, ?)"
	if err := b.exec(ctx, "body", announce, d.BodyHash, d.BodySize, 0); err != nil {
		return err
	}
	return b.exec(ctx, "envelope", announce, d.Envelope, MaxEnvelope, 1)
}

// Confirm stores a custodian's confirmation. With final, the dataset's offers are listed for sale.
func (b *Batch) Confirm(ctx context.Context, dataset string, version int, msp string, final bool) error {
	if err := b.exec(ctx, "confirmation", "INSERT OR IGNORE INTO confirmations VALUES (?, ?, ?)", dataset,
		version, msp); err != nil {
		return err
	}
	if !final {
		return nil
	}
	if err := b.exec(ctx, "final", "UPDATE datasets SET final = 1 WHERE dataset = ? AND version = ?", dataset,
		version); err != nil {
		return err
	}
	return b.list(ctx, dataset, version)
}

// Offer is an offer's document with the keys that lists need.
type Offer struct {
	ID      string
	Dataset string
	Version int
	Doc     []byte
}

// PutOffer stores an offer. It is listed when its dataset is final, now or later.
func (b *Batch) PutOffer(ctx context.Context, o Offer) error {
	if err := b.exec(ctx, "offer", "INSERT OR IGNORE INTO offers (id, dataset, version, doc) VALUES (?, ?, ?, ?)",
		o.ID, o.Dataset, o.Version, string(o.Doc)); err != nil {
		return err
	}
	return b.list(ctx, o.Dataset, o.Version)
}

// list gives the unlisted offers of a final dataset the next numbers. The numbers follow the order of events,
// so they are the same in a rebuilt read model, and clients' cursors stay valid.
func (b *Batch) list(ctx context.Context, dataset string, version int) error {
	rows, err := b.tx.QueryContext(ctx, `SELECT o.id FROM offers o JOIN datasets d ON d.dataset = o.dataset AND d.version = o.version
		WHERE o.dataset = ? AND o.version = ? AND o.listed IS NULL AND d.final = 1 ORDER BY o.id`, dataset, version)
	if err != nil {
		return wrap("list", err)
	}
	ids, err := scanText(rows)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := b.exec(ctx, "list", "UPDATE cursor SET listed = listed + 1"); err != nil {
			return err
		}
		if err := b.exec(ctx, "list", "UPDATE offers SET listed = (SELECT listed FROM cursor) WHERE id = ?",
			id); err != nil {
			return err
		}
	}
	return nil
}

// PutMachine stores a machine's record.
func (b *Batch) PutMachine(ctx context.Context, id string, doc []byte) error {
	return b.exec(ctx, "machine", "INSERT OR IGNORE INTO machines VALUES (?, ?)", id, string(doc))
}

// PutOrder stores an order; number is the machine's own counter.
func (b *Batch) PutOrder(ctx context.Context, id, machine string, number uint32, doc []byte) error {
	return b.exec(ctx, "order", "INSERT OR IGNORE INTO orders (id, machine, number, doc) VALUES (?, ?, ?, ?)",
		id, machine, number, string(doc))
}

// Settle marks an order as settled.
func (b *Batch) Settle(ctx context.Context, id string) error {
	return b.exec(ctx, "settle", "UPDATE orders SET settled = 1 WHERE id = ?", id)
}

func scanText(rows *sql.Rows) ([]string, error) {
	defer func() { _ = rows.Close() }()
	out := []string{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, wrap("rows", err)
		}
		out = append(out, s)
	}
	return out, wrap("rows", rows.Err())
}
