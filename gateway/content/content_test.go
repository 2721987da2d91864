package content

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func open(t *testing.T) (*Content, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "content")
	c, err := Open(t.Context(), URL(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, dir
}

func TestPut(t *testing.T) {
	body := bytes.Repeat([]byte("sealed "), 10_000)
	broken := errors.New("line broken")
	tests := []struct {
		name    string
		hash    string
		size    int64
		atMost  bool
		r       io.Reader
		wantErr error
	}{
		{"good", sum(body), int64(len(body)), false, bytes.NewReader(body), nil},
		{"within a bound", sum(body), 1 << 20, true, bytes.NewReader(body), nil},
		{"shorter than announced", sum(body), int64(len(body)) + 1, false, bytes.NewReader(body), ErrSize},
		{"longer than announced", sum(body), int64(len(body)) - 1, false, bytes.NewReader(body), ErrSize},
		{"above the bound", sum(body), int64(len(body)) - 1, true, bytes.NewReader(body), ErrSize},
		{"other bytes", sum([]byte("x")), int64(len(body)), false, bytes.NewReader(body), ErrHash},
		{
			"broken off", sum(body), int64(len(body)), false,
			io.MultiReader(bytes.NewReader(body[:100]), iotest.ErrReader(broken)), broken,
		},
		{"no hash", "../../etc/passwd", int64(len(body)), false, bytes.NewReader(body), ledger.ErrID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, dir := open(t)
			err := c.Put(t.Context(), tt.hash, tt.size, tt.atMost, tt.r)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v, want %v", err, tt.wantErr)
			}
			if tt.wantErr != nil {
				if entries, _ := os.ReadDir(dir); len(entries) != 0 {
					t.Fatalf("refused, but left %v", entries)
				}
				return
			}
			r, err := c.Get(t.Context(), tt.hash)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
				t.Fatalf("read back %d bytes, %v", len(got), err)
			}
		})
	}
}

// TestHalfWrittenIsInvisible: while an upload runs, nobody can read it; an abandoned one leaves nothing.
func TestHalfWrittenIsInvisible(t *testing.T) {
	c, dir := open(t)
	body := bytes.Repeat([]byte("x"), 100_000)
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- c.Put(ctx, sum(body), int64(len(body)), false, pr) }()
	if _, err := pw.Write(body[:50_000]); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), sum(body)); !errors.Is(err, ErrNotFound) {
		t.Fatalf("half-written: got %v, want %v", err, ErrNotFound)
	}
	cancel()
	_ = pw.CloseWithError(context.Canceled)
	if err := <-done; err == nil {
		t.Fatal("an abandoned upload succeeded")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Fatalf("left %v", entries)
	}
}

func TestSweep(t *testing.T) {
	c, dir := open(t)
	body := []byte("sealed")
	if err := c.Put(t.Context(), sum(body), int64(len(body)), false, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	leftover := filepath.Join(dir, sum(body)+".abc.tmp")
	if err := os.WriteFile(leftover, []byte("sea"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Sweep(t.Context(), time.Now()); n != 0 || err != nil {
		t.Fatalf("young: removed %d, %v", n, err)
	}
	if n, err := c.Sweep(t.Context(), time.Now().Add(2*staleAfter)); n != 1 || err != nil {
		t.Fatalf("old: removed %d, %v", n, err)
	}
	if ok, err := c.Has(t.Context(), sum(body)); !ok || err != nil {
		t.Fatalf("good bytes after a sweep: %v, %v", ok, err)
	}
}

func TestURL(t *testing.T) {
	if got := URL("mem://"); got != "mem://" {
		t.Errorf("got %s", got)
	}
	_, dir := open(t)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	if !strings.HasPrefix(URL("/a b"), "file:///a%20b?") {
		t.Errorf("got %s", URL("/a b"))
	}
}
