// Package content keeps sealed bodies and key envelopes, addressed by the SHA-256 of their bytes, in a folder
// or any other blob store that gocloud.dev/blob opens by URL.
//
// It rejects bytes that do not have the hash of their address ([ErrHash]) or the announced size ([ErrSize]).
// Does not show bytes before all of them are written, and has no key: what it keeps is ciphertext.
package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file:// URLs
	"gocloud.dev/gcerrors"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refusals of the content store.
var (
	// ErrNotFound means that the store has no bytes under the hash that was asked for. Upload them, or read
	// from another gateway.
	ErrNotFound = ledger.Refuse(ledger.NotFound, "content.not_found",
		"the content store has no bytes with this hash: upload them first")
	// ErrHash means that the uploaded bytes have another SHA-256 (Saw) than the hash in the path. Upload the
	// bytes that have the hash.
	ErrHash = ledger.Refuse(ledger.Invalid, "content.hash",
		"the SHA-256 of the uploaded bytes is not the hash in the path")
	// ErrSize means that an upload has more or fewer bytes than were announced on the ledger (Saw has both
	// numbers). Upload the whole file.
	ErrSize = ledger.Refuse(ledger.Invalid, "content.size",
		"the upload must have the number of bytes that the published dataset announced")
)

// staleAfter is the age at which an unfinished upload counts as abandoned: far above the gateway's longest
// request.
const staleAfter = time.Hour

// Content is a content-addressed store.
type Content struct{ bucket *blob.Bucket }

// Open opens the store by URL. For a folder: file:///path?create_dir=true&no_tmp_dir=true&metadata=skip
// (temporary files beside the final ones, so that the rename at the end is atomic).
func Open(ctx context.Context, url string) (*Content, error) {
	b, err := blob.OpenBucket(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("content store: %w", err)
	}
	return &Content{bucket: b}, nil
}

// Close ends the use of the store.
func (c *Content) Close() error { return c.bucket.Close() }

// Put stores the bytes of r under their hash. size is what the ledger announced: exact, or a bound if atMost.
// The bytes are visible only after the last one was read and both hash and size were right.
func (c *Content) Put(ctx context.Context, hash string, size int64, atMost bool, r io.Reader) error {
	if err := ledger.CheckID(hash); err != nil {
		return err
	}
	ctx, abandon := context.WithCancel(ctx)
	defer abandon() // before Close, this discards what was written
	w, err := c.bucket.NewWriter(ctx, hash,
		&blob.WriterOptions{ContentType: "application/octet-stream", DisableContentTypeDetection: true})
	if err != nil {
		return fmt.Errorf("content store: write: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(r, size+1))
	if err == nil {
		err = check(hash, size, atMost, n, hex.EncodeToString(h.Sum(nil)))
	}
	if err != nil {
		abandon()
		_ = w.Close() // returns the canceled context, which discards the bytes
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("content store: write: %w", err)
	}
	return nil
}

func check(hash string, size int64, atMost bool, n int64, sum string) error {
	switch {
	case n > size, n < size && !atMost:
		return ErrSize.With(fmt.Sprintf("%d bytes, announced %d", n, size))
	case sum != hash:
		return ErrHash.With(sum)
	}
	return nil
}

// Has reports whether the bytes are there.
func (c *Content) Has(ctx context.Context, hash string) (bool, error) {
	ok, err := c.bucket.Exists(ctx, hash)
	if err != nil {
		return false, fmt.Errorf("content store: %w", err)
	}
	return ok, nil
}

// Get opens the bytes for reading and seeking. The caller closes them.
func (c *Content) Get(ctx context.Context, hash string) (io.ReadSeekCloser, error) {
	if err := ledger.CheckID(hash); err != nil {
		return nil, err
	}
	r, err := c.bucket.NewReader(ctx, hash, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNotFound.With(hash)
	}
	if err != nil {
		return nil, fmt.Errorf("content store: read: %w", err)
	}
	return r, nil
}

// Sweep removes what a killed process left half-written: old entries whose name is not a hash.
func (c *Content) Sweep(ctx context.Context, now time.Time) (removed int, err error) {
	for it := c.bucket.List(nil); ; {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return removed, nil
		}
		if err != nil {
			return removed, fmt.Errorf("content store: list: %w", err)
		}
		if ledger.CheckID(o.Key) == nil || now.Sub(o.ModTime) < staleAfter {
			continue
		}
		if err := c.bucket.Delete(ctx, o.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return removed, fmt.Errorf("content store: sweep: %w", err)
		}
		removed++
	}
}

// URL turns a plain folder into the URL of a store in it; a URL stays as it is.
// dir_file_mode is read as a decimal number: 448 = 0o700.
func URL(place string) string {
	if strings.Contains(place, "://") {
		return place
	}
	return (&url.URL{
		Scheme: "file", Path: place,
		RawQuery: "create_dir=true&dir_file_mode=448&no_tmp_dir=true&metadata=skip",
	}).String()
}
