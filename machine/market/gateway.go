package market

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// Gateway is the consortium's HTTP API (gateway/api/openapi.yaml), as far as a machine uses it.
type Gateway struct{ client *client }

// NewGateway prepares calls to the gateway and sends nothing yet.
func NewGateway(s Server) (*Gateway, error) {
	c, err := newClient(s)
	return &Gateway{client: c}, err
}

// As is the same gateway, asked with the access token of a sign-in.
func (g *Gateway) As(s *SignIn) *Gateway {
	c := *g.client
	c.token = s.Bearer
	return &Gateway{client: &c}
}

// URL is where the gateway answers.
func (g *Gateway) URL() string { return g.client.base }

// Health asks whether the gateway is up.
func (g *Gateway) Health(ctx context.Context) error { return g.client.get(ctx, "/v1/health", nil) }

// maxPages bounds how many pages of offers are read.
const maxPages = 100

// Offers lists the ids of the offers for sale.
func (g *Gateway) Offers(ctx context.Context) ([]string, error) {
	var ids []string
	cursor := ""
	for range maxPages {
		var page struct {
			Offers []struct {
				ID string `json:"id"`
			} `json:"offers"`
			Next string `json:"next"`
		}
		if err := g.client.get(ctx, "/v1/offers?limit=100"+cursor, &page); err != nil {
			return nil, err
		}
		for _, o := range page.Offers {
			ids = append(ids, o.ID)
		}
		if page.Next == "" {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(page.Next)
	}
	return ids, nil
}

// OrderRequest is the body of POST /v1/orders.
type OrderRequest struct {
	Offers  []string `json:"offers"`
	Machine string   `json:"machine"`
}

// PlaceOrder places an order. The idempotency key makes the order's id, so a repeated request gives the same
// order.
func (g *Gateway) PlaceOrder(ctx context.Context, key string, r OrderRequest) (order.Order, error) {
	var placed struct {
		Order order.Order `json:"order"`
	}
	err := g.client.post(ctx, "/v1/orders", r, &placed, "Idempotency-Key", key)
	return placed.Order, err
}

// Order reads an order with its state, its payments and its licenses.
func (g *Gateway) Order(ctx context.Context, id string) (order.View, error) {
	var view order.View
	err := g.client.get(ctx, "/v1/orders/"+id, &view)
	return view, err
}

// NonceRequest is the body of a request for a signed answer.
type NonceRequest struct {
	Nonce string `json:"nonce"`
}

// SignOrder has the partners sign an order in answer to a fresh nonce. The caller verifies the file for that
// nonce.
func (g *Gateway) SignOrder(ctx context.Context, id string) (file []byte, nonce string, err error) {
	return g.sign(ctx, "/v1/orders/"+id+"/sign")
}

// SignLicense has the partners sign a license in answer to a fresh nonce. The caller verifies the file for
// that nonce.
func (g *Gateway) SignLicense(ctx context.Context, id string) (file []byte, nonce string, err error) {
	return g.sign(ctx, "/v1/licenses/"+id+"/sign")
}

// SignRecipients has the partners sign the list of recipients in answer to a fresh nonce.
func (g *Gateway) SignRecipients(ctx context.Context) (file []byte, nonce string, err error) {
	return g.sign(ctx, "/v1/recipients/sign")
}

func (g *Gateway) sign(ctx context.Context, path string) (file []byte, nonce string, err error) {
	nonce = Nonce()
	err = g.client.post(ctx, path, NonceRequest{nonce}, &file)
	return file, nonce, err
}

// Nonce is 32 random bytes in hex: a nonce, a salt or an idempotency key.
func Nonce() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: the program ends instead (crypto/rand)
	return hex.EncodeToString(b)
}

// Dataset gets a version's manifest and the address of its key envelope. The manifest is not compared with
// anything yet.
func (g *Gateway) Dataset(ctx context.Context, id string, version int) (manifest []byte, envelope string, err error) {
	var published struct {
		Manifest    string `json:"manifest"`
		Publication struct {
			Envelope string `json:"envelope"`
		} `json:"publication"`
	}
	if err := g.client.get(ctx, "/v1/datasets/"+id+"/versions/"+strconv.Itoa(version), &published); err != nil {
		return nil, "", err
	}
	if manifest, err = ledger.Base64(published.Manifest); err != nil {
		return nil, "", ErrAnswer.With("manifest")
	}
	if err := ledger.CheckID(published.Publication.Envelope); err != nil {
		return nil, "", ErrAnswer.With("publication.envelope")
	}
	return manifest, published.Publication.Envelope, nil
}

// Content gets a small document by its address. The caller compares its hash.
func (g *Gateway) Content(ctx context.Context, address string) (doc []byte, err error) {
	err = g.client.get(ctx, "/v1/content/"+address, &doc)
	return doc, err
}

// StreamContent opens content of any size by its address. The caller compares its hash and closes it.
func (g *Gateway) StreamContent(ctx context.Context, address string) (io.ReadCloser, error) {
	rsp, err := g.client.send(ctx, http.MethodGet, "/v1/content/"+address, nil, nil) //nolint:bodyclose // the caller closes what it gets
	if err != nil {
		return nil, err
	}
	return content{rsp.Body}, nil
}

// content is a response's body whose broken connection reads as ErrOffline.
type content struct{ io.ReadCloser }

// Read implements io.Reader.
func (c content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = ErrOffline.With(err.Error())
	}
	return n, err
}

// RecordGrant has the ledger record a grant request.
func (g *Gateway) RecordGrant(ctx context.Context, r grant.Request) (grant.Grant, error) {
	var recorded grant.Grant
	err := g.client.post(ctx, "/v1/licenses/"+r.License+"/grants", r, &recorded)
	return recorded, err
}

// Grant reads a license's grant with the custodians' answers; number 0 is the newest.
func (g *Gateway) Grant(ctx context.Context, licenseID string, number int) (grant.View, error) {
	which := "newest"
	if number > 0 {
		which = strconv.Itoa(number)
	}
	var view grant.View
	err := g.client.get(ctx, "/v1/licenses/"+licenseID+"/grants/"+which, &view)
	return view, err
}

// RecordReceipt delivers a receipt to the ledger.
func (g *Gateway) RecordReceipt(ctx context.Context, r grant.ReceiptRequest) error {
	var recorded grant.Receipt
	return g.client.post(ctx, "/v1/licenses/"+r.License+"/receipts", r, &recorded)
}

// Custodian is a custodian's activation service, which the gateway passes on.
func (g *Gateway) Custodian(msp string) *Activations {
	return &Activations{client: g.client, path: "/v1/custodians/" + msp + "/activations"}
}
