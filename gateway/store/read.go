package store

import (
	"context"
	"database/sql"
)

// MaxEnvelope bounds a key envelope in bytes (gateway/docs/gateway.md, PUT /v1/content).
const MaxEnvelope = 1 << 20

// queries are the statements that most requests use, prepared once.
type queries struct{ offers, offer, announced, machine *sql.Stmt }

func prepareHot(ctx context.Context, db *sql.DB) (queries, error) {
	var q queries
	var err error
	prepare := func(text string) *sql.Stmt {
		if err != nil {
			return nil
		}
		var stmt *sql.Stmt
		stmt, err = db.PrepareContext(ctx, text)
		return stmt
	}
	q.offers = prepare("SELECT listed, doc FROM offers WHERE listed > ? ORDER BY listed LIMIT ?")
	q.offer = prepare("SELECT doc FROM offers WHERE id = ?")
	q.announced = prepare("SELECT size, atmost FROM announced WHERE hash = ?")
	q.machine = prepare("SELECT doc FROM machines WHERE id = ?")
	return q, err
}

// Listed is an offer for sale with its place in the list.
type Listed struct {
	Number int64
	Doc    []byte
}

// Offers lists offers for sale after the given number, in the order in which they were listed.
func (s *Store) Offers(ctx context.Context, after int64, limit int) ([]Listed, error) {
	rows, err := s.hot.offers.QueryContext(ctx, after, limit)
	if err != nil {
		return nil, wrap("offers", err)
	}
	defer func() { _ = rows.Close() }()
	out := []Listed{}
	for rows.Next() {
		var l Listed
		if err := rows.Scan(&l.Number, &l.Doc); err != nil {
			return nil, wrap("offers", err)
		}
		out = append(out, l)
	}
	return out, wrap("offers", rows.Err())
}

// Offer returns one offer's document, listed or not.
func (s *Store) Offer(ctx context.Context, id string) ([]byte, error) {
	var doc []byte
	err := s.hot.offer.QueryRowContext(ctx, id).Scan(&doc)
	return doc, wrap("offer", err)
}

// Dataset returns one published version.
func (s *Store) Dataset(ctx context.Context, id string, version int) (Dataset, error) {
	d := Dataset{ID: id, Version: version}
	err := s.read.QueryRowContext(ctx, "SELECT manifest, publication, final FROM datasets WHERE dataset = ? "+
		"AND version = ?", id, version).
		Scan(&d.Manifest, &d.Publication, &d.Final)
	if err != nil {
		return Dataset{}, wrap("dataset", err)
	}
	rows, err := s.read.QueryContext(ctx,
		"SELECT msp FROM confirmations WHERE dataset = ? AND version = ? ORDER BY msp", id, version)
	if err != nil {
		return Dataset{}, wrap("dataset", err)
	}
	d.Confirmed, err = scanText(rows)
	return d, err
}

// Announced is the size that a published dataset gave for a hash: exactly, or a bound.
type Announced struct {
	Size   int64
	AtMost bool
}

// Announced looks a hash up.
func (s *Store) Announced(ctx context.Context, hash string) (Announced, error) {
	var a Announced
	err := s.hot.announced.QueryRowContext(ctx, hash).Scan(&a.Size, &a.AtMost)
	return a, wrap("announced", err)
}

// MachineOrder is a line of a machine's list of orders.
type MachineOrder struct {
	Doc     []byte
	Settled bool
	Number  uint32
}

// Orders lists a machine's orders by the machine's own counter, from the given number on.
func (s *Store) Orders(ctx context.Context, machine string, from int64, limit int) ([]MachineOrder, error) {
	rows, err := s.read.QueryContext(ctx,
		"SELECT doc, settled, number FROM orders WHERE machine = ? AND number >= ? ORDER BY number LIMIT ?",
		machine, from, limit)
	if err != nil {
		return nil, wrap("orders", err)
	}
	defer func() { _ = rows.Close() }()
	out := []MachineOrder{}
	for rows.Next() {
		var o MachineOrder
		if err := rows.Scan(&o.Doc, &o.Settled, &o.Number); err != nil {
			return nil, wrap("orders", err)
		}
		out = append(out, o)
	}
	return out, wrap("orders", rows.Err())
}

// Machine returns a machine's record.
func (s *Store) Machine(ctx context.Context, id string) ([]byte, error) {
	var doc []byte
	err := s.hot.machine.QueryRowContext(ctx, id).Scan(&doc)
	return doc, wrap("machine", err)
}
