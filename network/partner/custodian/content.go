package custodian

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

// envelope returns the key envelope with this hash, from the own folder or from the content store. The store
// need not be trusted: the hash is checked.
func (c *Custodian) envelope(ctx context.Context, hash string) (sealed.Envelope, error) {
	if err := ledger.CheckID(hash); err != nil {
		return sealed.Envelope{}, err
	}
	path := filepath.Join(c.State, "envelopes", hash)
	raw, err := os.ReadFile(path)
	if err == nil && sealed.Address(raw) == hash {
		return sealed.ParseEnvelope(raw)
	}
	if raw, err = c.Content(ctx, hash, sealed.MaxEnvelope); err != nil {
		return sealed.Envelope{}, err
	}
	if sealed.Address(raw) != hash {
		return sealed.Envelope{}, ErrContent.With(hash)
	}
	e, err := sealed.ParseEnvelope(raw)
	if err != nil {
		return e, err
	}
	return e, host.Replace(path, raw, host.Private)
}

// HTTPContent fetches from the content route of a gateway.
func HTTPContent(client *http.Client, gateway string) Content {
	base := strings.TrimSuffix(gateway, "/") + "/v1/content/"
	return func(ctx context.Context, hash string, limit int64) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+hash, nil)
		if err != nil {
			return nil, fmt.Errorf("ask for content: %w", err)
		}
		rsp, err := client.Do(req)
		if err != nil {
			return nil, fmt.Errorf("ask for content: %w", err)
		}
		defer func() { _ = rsp.Body.Close() }() // read to its end
		if rsp.StatusCode != http.StatusOK {
			return nil, ErrContent.With(hash + ": " + rsp.Status)
		}
		raw, err := io.ReadAll(io.LimitReader(rsp.Body, limit+1))
		if err != nil {
			return nil, fmt.Errorf("read content: %w", err)
		}
		if int64(len(raw)) > limit {
			return nil, ErrContent.With(hash + ": too large")
		}
		return raw, nil
	}
}
