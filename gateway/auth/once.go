package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Once records used assertions on disk until they expire, so that none can be used again after a restart.
type Once struct {
	db  *sql.DB
	now func() time.Time

	mu    sync.Mutex
	swept time.Time
}

// sweepEvery is how often expired records are deleted.
const sweepEvery = time.Minute

// OpenOnce opens or creates the file with mode 0600. It survives kill -9. A power cut may lose the last
// records; their assertions expire before the server is up again.
func OpenOnce(ctx context.Context, path string, now func() time.Time) (*Once, error) {
	// #nosec G304 -- the operator's own configuration names it
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("used assertions: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("used assertions: %w", err)
	}
	dsn := (&url.URL{Scheme: "file", Opaque: path, RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(5000)"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("used assertions: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS used (id TEXT PRIMARY KEY, until INTEGER "+
		"NOT NULL) WITHOUT ROWID"); err != nil {
		return nil, errors.Join(fmt.Errorf("used assertions: %w", err), db.Close())
	}
	return &Once{db: db, now: now}, nil
}

// Close closes the file.
func (o *Once) Close() error { return o.db.Close() }

// Use reports whether this is the first use of the client's assertion.
func (o *Once) Use(ctx context.Context, client, id string, until time.Time) (bool, error) {
	if err := o.sweep(ctx); err != nil {
		return false, err
	}
	r, err := o.db.ExecContext(ctx, "INSERT OR IGNORE INTO used VALUES (?, ?)",
		ledger.Hash("guildmark/assertion/1", client, id), until.Unix())
	if err != nil {
		return false, fmt.Errorf("used assertions: %w", err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("used assertions: %w", err)
	}
	return n == 1, nil
}

func (o *Once) sweep(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now().Sub(o.swept) < sweepEvery {
		return nil
	}
	o.swept = o.now()
	if _, err := o.db.ExecContext(ctx, "DELETE FROM used WHERE until < ?", o.now().Unix()); err != nil {
		return fmt.Errorf("used assertions: %w", err)
	}
	return nil
}
