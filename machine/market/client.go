package market

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refusals of the way to a server.
var (
	// ErrConfig means that the configuration file can't be read, or a setting can't be used. Mend the setting
	// that Saw names.
	ErrConfig = ledger.Refuse(ledger.Invalid, "machine.config", "the machine's configuration can't be used")
	// ErrOffline means that no answer came: the server is down, the network is, or TLS failed. Ask again later.
	ErrOffline = ledger.Refuse(ledger.Unavailable, "machine.offline", "the server can't be reached")
	// ErrAnswer means that a server answered with something that its contract (gateway/api/openapi.yaml)
	// doesn't allow, a proxy's error page for example. Ask again later.
	ErrAnswer = ledger.Refuse(ledger.Unavailable, "machine.answer",
		"the server's answer is not what its contract says")
)

// requestTimeout is longer than the gateway's own for a submit that waits for its block
// (network/docs/fabric.md).
const requestTimeout = 60 * time.Second

// Server is where a process answers, and the root that its TLS certificate must lead to.
type Server struct {
	URL string `json:"url"`
	CA  string `json:"ca"` // PEM file; "" = the system's roots
}

// Valid judges the server's URL. The CA file is read when the client is made.
func (s Server) Valid() bool {
	u, err := url.Parse(s.URL)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// client sends JSON to one server.
type client struct {
	base  string
	http  *http.Client
	token func(context.Context) (string, error) // nil: no authorization
}

// newClient trusts the server's CA file only, or the system's roots when none is named.
func newClient(s Server) (*client, error) {
	roots, err := host.RootsOrSystem(s.CA)
	if err != nil {
		return nil, ErrConfig.With(err.Error())
	}
	return &client{base: strings.TrimSuffix(s.URL, "/"), http: host.Client(roots, nil, requestTimeout)}, nil
}

// get asks for a JSON document.
func (c *client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, path, nil, out)
}

// post sends a JSON document and reads the one that comes back.
func (c *client) post(ctx context.Context, path string, in, out any, header ...string) error {
	return c.call(ctx, http.MethodPost, path, in, out, header...)
}

// call is one request. in is encoded as JSON unless nil; out is decoded unless nil, and a *[]byte takes the
// bytes as they are; header holds names and values in turn.
func (c *client) call(ctx context.Context, method, path string, in, out any, header ...string) error {
	var body io.Reader
	if in != nil {
		body = bytes.NewReader(ledger.Encode(in))
		header = append(header, "Content-Type", "application/json")
	}
	rsp, err := c.send(ctx, method, path, body, header)
	if err != nil {
		return err
	}
	defer func() { _ = rsp.Body.Close() }() // it was read as far as it matters
	doc, err := io.ReadAll(io.LimitReader(rsp.Body, 4*ledger.MaxDocument))
	if err != nil {
		return ErrOffline.With(err.Error())
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = doc
		return nil
	}
	if out == nil {
		return nil
	}
	// Servers may add fields: what the machine relies on is signed, and checked by who asked.
	if err := json.Unmarshal(doc, out); err != nil {
		return ErrAnswer.With(method + " " + path + ": " + err.Error())
	}
	return nil
}

// form sends a form, as OAuth's token requests are (RFC 6749, 4.4.2).
func (c *client) form(ctx context.Context, path string, form url.Values, out any) error {
	header := []string{"Content-Type", "application/x-www-form-urlencoded"}
	rsp, err := c.send(ctx, http.MethodPost, path, strings.NewReader(form.Encode()), header)
	if err != nil {
		return err
	}
	defer func() { _ = rsp.Body.Close() }() // it was read as far as it matters
	if err := json.NewDecoder(io.LimitReader(rsp.Body, ledger.MaxDocument)).Decode(out); err != nil {
		return ErrAnswer.With("POST " + path + ": " + err.Error())
	}
	return nil
}

// send returns a 2xx response, or the refusal that the server sent.
func (c *client) send(ctx context.Context, method, path string, body io.Reader,
	header []string,
) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if c.token != nil {
		token, err := c.token(ctx)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rsp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrOffline.With(err.Error())
	}
	if rsp.StatusCode/100 == 2 {
		return rsp, nil
	}
	defer func() { _ = rsp.Body.Close() }() // it was read as far as it matters
	return nil, refusalOf(rsp, method+" "+path)
}
