// Package store keeps the gateway's read model in SQLite: the content of ledger events, for lists and
// look-ups that must not load a peer.
//
// Does not read events itself (package projection does), and holds nothing that is not on the ledger: when
// the file is deleted it is built again. Read store.go first, then batch.go (writes) and read.go.
//
// Errors that callers act on: [ErrNotFound] means that there is no such row, or that its event has not
// arrived yet.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"

	_ "modernc.org/sqlite" // the driver
)

// ErrNotFound means that the read model has no such row, or not yet.
var ErrNotFound = errors.New("not in the read model")

// schemaVersion: a file of another version is emptied and built again from the ledger.
const schemaVersion = 1

const schema = `
CREATE TABLE IF NOT EXISTS cursor (id INTEGER PRIMARY KEY CHECK (id = 1), block INTEGER NOT NULL, tx TEXT NOT NULL, listed INTEGER NOT NULL);
INSERT OR IGNORE INTO cursor VALUES (1, 0, '', 0);
CREATE TABLE IF NOT EXISTS datasets (dataset TEXT NOT NULL, version INTEGER NOT NULL, manifest BLOB NOT NULL,
  publication TEXT NOT NULL, final INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (dataset, version));
CREATE TABLE IF NOT EXISTS confirmations (dataset TEXT NOT NULL, version INTEGER NOT NULL, msp TEXT NOT NULL,
  PRIMARY KEY (dataset, version, msp)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS announced (hash TEXT PRIMARY KEY, size INTEGER NOT NULL, atmost INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offers (id TEXT PRIMARY KEY, dataset TEXT NOT NULL, version INTEGER NOT NULL, listed INTEGER,
  doc TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS offers_listed ON offers (listed) WHERE listed IS NOT NULL;
CREATE INDEX IF NOT EXISTS offers_dataset ON offers (dataset, version);
CREATE TABLE IF NOT EXISTS machines (id TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, machine TEXT NOT NULL, number INTEGER NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0, doc TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_machine ON orders (machine, number);
`

const dropAll = `
DROP TABLE IF EXISTS cursor; DROP TABLE IF EXISTS datasets; DROP TABLE IF EXISTS confirmations; DROP TABLE IF EXISTS announced;
DROP TABLE IF EXISTS offers; DROP TABLE IF EXISTS machines; DROP TABLE IF EXISTS orders;
`

// Cursor is the last event that is in the read model: the block and the transaction in it. Zero = from the
// start.
type Cursor struct {
	Block uint64
	TxID  string
}

// Store is the read model. It has one writer at a time; readers do not wait for it (WAL).
type Store struct {
	write, read *sql.DB
	hot         queries

	mu      sync.Mutex
	changed chan struct{}
}

// Open opens or creates the file with mode 0600. It empties a file of another schema version.
func Open(ctx context.Context, path string) (*Store, error) {
	// #nosec G304 -- the operator's own configuration names it
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	dsn := (&url.URL{Scheme: "file", Opaque: path, RawQuery: url.Values{
		// NORMAL survives kill -9; after a power cut the last transactions are read from the ledger again,
		// since the cursor is lost with them.
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(5000)", "mmap_size(268435456)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
	s := &Store{changed: make(chan struct{})}
	if s.write, err = sql.Open("sqlite", dsn); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	if err := prepare(ctx, s.write); err != nil {
		return nil, errors.Join(fmt.Errorf("read model %s: %w", path, err), s.write.Close())
	}
	if s.read, err = sql.Open("sqlite", dsn); err != nil {
		return nil, errors.Join(fmt.Errorf("read model: %w", err), s.write.Close())
	}
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(8)
	if s.hot, err = prepareHot(ctx, s.read); err != nil {
		return nil, errors.Join(fmt.Errorf("read model: %w", err), s.Close())
	}
	return s, nil
}

func prepare(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version != schemaVersion {
		if _, err := db.ExecContext(ctx, dropAll); err != nil {
			return err
		}
	}
	_, err := db.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion))
	return err
}

// Close waits for open reads and writes.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// Cursor is the last event that was applied.
func (s *Store) Cursor(ctx context.Context) (Cursor, error) {
	var c Cursor
	err := s.read.QueryRowContext(ctx, "SELECT block, tx FROM cursor").Scan(&c.Block, &c.TxID)
	return c, wrap("cursor", err)
}

// Apply runs fill and moves the cursor in one transaction: after a crash both are there or neither.
func (s *Store) Apply(ctx context.Context, to Cursor, fill func(*Batch) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return wrap("apply", err)
	}
	b := &Batch{tx: tx}
	if err := fill(b); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if _, err := tx.ExecContext(ctx, "UPDATE cursor SET block = ?, tx = ?", to.Block, to.TxID); err != nil {
		return errors.Join(wrap("apply", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return wrap("apply", err)
	}
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	return nil
}

// Changed returns a channel that the next Apply closes.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return fmt.Errorf("read model: %s: %w", what, err)
}
