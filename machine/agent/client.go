package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refusals of the way to a server.
var (
	ErrOffline = ledger.Refuse(ledger.Unavailable, "machine.offline", "the server can't be reached")
	ErrAnswer  = ledger.Refuse(ledger.Unavailable, "machine.answer", "the server's answer is not what its contract says")
)

// requestTimeout is longer than the gateway's own for a submit that waits for its block (network/docs/fabric.md).
const requestTimeout = 60 * time.Second

// client talks JSON to one server.
type client struct {
	base  string
	http  *http.Client
	token func(context.Context) (string, error) // nil: no authorization
}

// newClient trusts the server's CA file only, or the system's roots when none is named.
func newClient(s Server) (*client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, ErrConfig.With(err.Error())
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, ErrConfig.With(s.CA + " holds no certificate")
		}
	}
	return &client{
		base: strings.TrimSuffix(s.URL, "/"),
		http: &http.Client{
			Timeout:   requestTimeout,
			Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true},
			// A server that sends us elsewhere would get our token there.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// call is one request. in is encoded as JSON unless nil; out is decoded unless nil; header is added.
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
	// Servers may add fields: what matters is signed, and checked where it is used.
	if err := json.Unmarshal(doc, out); err != nil {
		return ErrAnswer.With(method + " " + path + ": " + err.Error())
	}
	return nil
}

// post sends a form (RFC 6749 token requests).
func (c *client) post(ctx context.Context, path string, form url.Values, out any) error {
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

// send returns a 2xx response or the refusal that the server sent.
func (c *client) send(ctx context.Context, method, path string, body io.Reader, header []string) (*http.Response, error) {
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

// refusalOf reads an RFC 9457 problem whose code is the refusal's; anything else is a fault of the server.
func refusalOf(rsp *http.Response, what string) error {
	doc, err := io.ReadAll(io.LimitReader(rsp.Body, 1<<16))
	if err != nil {
		return ErrOffline.With(err.Error())
	}
	var problem struct {
		Code             string `json:"code"`
		Kind             string `json:"kind"`
		Title            string `json:"title"`
		Detail           string `json:"detail"`
		Saw              string `json:"saw"`
		OAuthError       string `json:"error"` // RFC 6749, 5.2
		OAuthDescription string `json:"error_description"`
	}
	if json.Unmarshal(doc, &problem) == nil {
		switch {
		case problem.Code != "":
			message := problem.Detail
			if message == "" {
				message = problem.Title
			}
			r := ledger.Refuse(kindOf(rsp.StatusCode, problem.Kind), problem.Code, message)
			return r.With(problem.Saw)
		case problem.OAuthError != "":
			return ledger.Refuse(ledger.Forbidden, "oauth."+problem.OAuthError, "the authorization server refused the machine").With(problem.OAuthDescription)
		}
	}
	return ErrAnswer.With(fmt.Sprintf("%s: %s", what, rsp.Status))
}

// kindOf takes the server's kind, or what the status means when it sends none.
func kindOf(status int, kind string) ledger.Kind {
	if kind != "" {
		return ledger.Kind(kind)
	}
	switch status {
	case http.StatusNotFound:
		return ledger.NotFound
	case http.StatusConflict:
		return ledger.Conflict
	case http.StatusUnauthorized, http.StatusForbidden:
		return ledger.Forbidden
	case http.StatusGone:
		return ledger.Expired
	case http.StatusTooManyRequests:
		return ledger.Limit
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return ledger.Invalid
	}
	return ledger.Unavailable
}

// worthRetry says that asking again may help: the server was away, or its peers could not judge now.
func worthRetry(err error) bool {
	var r *ledger.Refusal
	return errors.As(err, &r) && r.Kind == ledger.Unavailable
}
