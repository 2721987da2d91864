package licensor

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/problem"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
)

// Gateway is a gateway's public routes, as far as a licensor needs them.
type Gateway struct {
	base string
	http *http.Client
}

// Upload limits: a large body over a slow line takes its time; an answer is small.
const (
	gatewayTimeout = 10 * time.Minute
	reachTimeout   = 15 * time.Second
	maxAnswer      = 4 << 20
	putTries       = 5
	putPause       = 700 * time.Millisecond
)

// NewGateway talks to the gateway at url; roots is a PEM file for its certificate, "" means the system's.
func NewGateway(url, roots string) (*Gateway, error) {
	pool, err := host.RootsOrSystem(roots)
	if err != nil {
		return nil, fmt.Errorf("the gateway's roots: %w", err)
	}
	return &Gateway{base: strings.TrimSuffix(url, "/"), http: host.Client(pool, nil, gatewayTimeout)}, nil
}

// SignRecipients is an [Ask].
func (g *Gateway) SignRecipients(ctx context.Context, nonce string) ([]byte, error) {
	body := ledger.Encode(struct {
		Nonce string `json:"nonce"`
	}{nonce})
	return g.call(ctx, http.MethodPost, "/v1/recipients/sign", "application/json", bytes.NewReader(body),
		int64(len(body)))
}

// Reach asks whether the gateway serves: its address and certificate are right when it answers.
func (g *Gateway) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	_, err := g.call(ctx, http.MethodGet, "/v1/health", "", nil, 0)
	return err
}

// Put implements Store. The gateway takes bytes once it has seen their announcement on the ledger, a moment after.
func (g *Gateway) Put(ctx context.Context, hash string, size int64, open func() (File, error)) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := g.put(ctx, hash, size, open)
		if err != nil && !retryable(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(putPause)), backoff.WithMaxTries(putTries),
		backoff.WithMaxElapsedTime(0))
	return err
}

func (g *Gateway) put(ctx context.Context, hash string, size int64, open func() (File, error)) error {
	f, err := open()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	_, err = g.call(ctx, http.MethodPut, "/v1/content/"+hash, "application/octet-stream", f, size)
	return err
}

// retryable errors are those of the connection, and of a read model that has not seen the publication yet.
func retryable(err error) bool {
	var r *ledger.Refusal
	return !errors.As(err, &r) || errors.Is(r, dataset.ErrNotAnnounced) || r.Kind == ledger.NotFound ||
		r.Kind == ledger.Unavailable || r.Kind == ledger.Limit
}

// Offers fetches one page of the catalogue as the gateway writes it.
func (g *Gateway) Offers(ctx context.Context, query string) ([]byte, error) {
	return g.call(ctx, http.MethodGet, "/v1/offers"+query, "", nil, 0)
}

// Offer fetches one offer by its full id.
func (g *Gateway) Offer(ctx context.Context, id string) (offer.Offer, error) {
	var o offer.Offer
	doc, err := g.call(ctx, http.MethodGet, "/v1/offers/"+id, "", nil, 0)
	if err != nil {
		return o, err
	}
	return o, ledger.Decode(doc, &o)
}

// Manifest fetches a published dataset version: offers name it, and its title stands there alone.
func (g *Gateway) Manifest(ctx context.Context, id string, version int) (dataset.Manifest, error) {
	var m dataset.Manifest
	doc, err := g.call(ctx, http.MethodGet, "/v1/datasets/"+id+"/versions/"+strconv.Itoa(version), "", nil, 0)
	if err != nil {
		return m, err
	}
	var v dataset.View
	if err := ledger.Decode(doc, &v); err != nil {
		return m, err
	}
	raw, err := ledger.Base64(v.Manifest)
	if err != nil {
		return m, ErrGateway.With("a manifest that is not base64")
	}
	return m, ledger.DecodeCanonical(raw, &m)
}

// unreachable tells a certificate that is not trusted from a server that does not answer.
func unreachable(err error) error {
	if authority, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Errorf("%w: %w", ErrRoots.With(authority.Error()), err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable.With(err.Error()), err)
}

func (g *Gateway) call(ctx context.Context, method, path, kind string, body io.Reader, size int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, g.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("ask the gateway: %w", err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		req.ContentLength = size
	}
	rsp, err := g.http.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer func() { _ = rsp.Body.Close() }() // read to its end
	doc, err := io.ReadAll(io.LimitReader(rsp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the gateway's answer: %w", err)
	}
	if rsp.StatusCode/100 != 2 {
		if refusal, ok := problem.Parse(doc, rsp.StatusCode); ok {
			return nil, refusal
		}
		return nil, problem.Or(ErrGateway, rsp.StatusCode, method+" "+path+": "+rsp.Status)
	}
	return doc, nil
}
