package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, s *Store, block uint64, fill func(context.Context, *Batch) error) {
	t.Helper()
	must(t, s.Apply(t.Context(), Cursor{Block: block, TxID: fmt.Sprint(block)},
		func(b *Batch) error { return fill(t.Context(), b) }))
}

func offer(id string) Offer {
	return Offer{ID: id, Dataset: "d", Version: 1, Doc: []byte(`"` + id + `"`)}
}

func ids(t *testing.T, s *Store, after int64, limit int) []string {
	t.Helper()
	rows, err := s.Offers(t.Context(), after, limit)
	must(t, err)
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%d%s", r.Number, r.Doc))
	}
	return out
}

func TestOffersAreListedWhenTheirDatasetIsFinal(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "m.db"))
	apply(t, s, 1, func(ctx context.Context, b *Batch) error {
		return errors.Join(b.PutDataset(ctx,
			Dataset{
				ID: "d", Version: 1, Manifest: []byte("m"), Publication: []byte("{}"), BodyHash: "h",
				BodySize: 7, Envelope: "e",
			}),
			b.PutOffer(ctx, offer("early")))
	})
	if got := ids(t, s, 0, 10); got != nil {
		t.Fatalf("before it is final: got %v", got)
	}
	apply(t, s, 2, func(ctx context.Context, b *Batch) error { return b.Confirm(ctx, "d", 1, "B", false) })
	apply(t, s, 3, func(ctx context.Context, b *Batch) error { return b.Confirm(ctx, "d", 1, "A", true) })
	apply(t, s, 4, func(ctx context.Context, b *Batch) error { return b.PutOffer(ctx, offer("late")) })
	apply(t, s, 5, func(ctx context.Context, b *Batch) error { // seen twice
		return errors.Join(b.PutOffer(ctx, offer("early")), b.Confirm(ctx, "d", 1, "A", true))
	})
	if got, want := ids(t, s, 0, 10), []string{`1"early"`, `2"late"`}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if got, want := ids(t, s, 1, 10), []string{`2"late"`}; !slices.Equal(got, want) {
		t.Fatalf("after 1: got %v, want %v", got, want)
	}
	d, err := s.Dataset(t.Context(), "d", 1)
	must(t, err)
	if !d.Final || !slices.Equal(d.Confirmed, []string{"A", "B"}) || string(d.Manifest) != "m" {
		t.Fatalf("got %+v", d)
	}
	a, err := s.Announced(t.Context(), "h")
	must(t, err)
	if a != (Announced{Size: 7}) {
		t.Fatalf("body: got %+v", a)
	}
	if a, err = s.Announced(t.Context(), "e"); err != nil || a != (Announced{Size: MaxEnvelope, AtMost: true}) {
		t.Fatalf("envelope: got %+v, %v", a, err)
	}
}

func TestCursorMovesWithTheRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	s := open(t, path)
	apply(t, s, 1, func(ctx context.Context, b *Batch) error { return b.PutMachine(ctx, "a", []byte("A")) })
	broken := errors.New("broken")
	err := s.Apply(t.Context(), Cursor{Block: 2, TxID: "2"}, func(b *Batch) error {
		return errors.Join(b.PutMachine(t.Context(), "b", []byte("B")), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v", err, broken)
	}
	must(t, s.Close())
	s = open(t, path)
	c, err := s.Cursor(t.Context())
	must(t, err)
	if c != (Cursor{Block: 1, TxID: "1"}) {
		t.Fatalf("cursor: got %+v", c)
	}
	if _, err := s.Machine(t.Context(), "b"); !errors.Is(err, ErrNotFound) {
		t.Fatalf("row of the failed batch: %v", err)
	}
	if doc, err := s.Machine(t.Context(), "a"); err != nil || string(doc) != "A" {
		t.Fatalf("row of the good batch: %q, %v", doc, err)
	}
}

func TestAnotherSchemaIsBuiltAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	s := open(t, path)
	apply(t, s, 9, func(ctx context.Context, b *Batch) error { return b.PutMachine(ctx, "a", []byte("A")) })
	if _, err := s.write.ExecContext(t.Context(), "PRAGMA user_version = 999"); err != nil {
		t.Fatal(err)
	}
	must(t, s.Close())
	s = open(t, path)
	if c, err := s.Cursor(t.Context()); err != nil || c != (Cursor{}) {
		t.Fatalf("cursor: got %+v, %v", c, err)
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode: %o", info.Mode().Perm())
	}
}

func TestOrders(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "m.db"))
	apply(t, s, 1, func(ctx context.Context, b *Batch) error {
		return errors.Join(b.PutOrder(ctx, "x", "m", 0, []byte("x")), b.PutOrder(ctx, "y", "m", 1, []byte("y")),
			b.PutOrder(ctx, "z", "other", 0, []byte("z")), b.Settle(ctx, "y"))
	})
	got, err := s.Orders(t.Context(), "m", 0, 10)
	must(t, err)
	if len(got) != 2 || got[0].Settled || !got[1].Settled || string(got[1].Doc) != "y" {
		t.Fatalf("got %+v", got)
	}
	if got, err = s.Orders(t.Context(), "m", 1, 10); err != nil || len(got) != 1 {
		t.Fatalf("from 1: got %+v, %v", got, err)
	}
}
