package audit

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
	"os"
	"time"
)

// ErrNode says that the Bitcoin node doesn't answer as one should.
var ErrNode = errors.New("the Bitcoin node can't be used")

// Node is a Bitcoin node's JSON-RPC, as btcd and Bitcoin Core speak it.
type Node struct {
	URL         string // https://host:port
	Network     string
	Certificate string // PEM file of the node's own certificate, the only one trusted
	Credentials string // 0600 file {"user":…,"password":…}
}

// Headers exports the node's best chain from height 1 on.
func (n Node) Headers(ctx context.Context) (HeaderFile, error) {
	f := HeaderFile{Network: n.Network, Start: 1, Headers: []string{}}
	call, err := n.open()
	if err != nil {
		return f, err
	}
	var top uint32
	if err := call(ctx, &top, "getblockcount"); err != nil {
		return f, err
	}
	for h := f.Start; h <= top; h++ {
		var hash, header string
		if err := call(ctx, &hash, "getblockhash", h); err != nil {
			return f, err
		}
		if err := call(ctx, &header, "getblockheader", hash, false); err != nil {
			return f, err
		}
		f.Headers = append(f.Headers, header)
	}
	return f, nil
}

// open reads the node's files and returns a function that calls it.
func (n Node) open() (func(ctx context.Context, into any, method string, params ...any) error, error) {
	var login struct{ User, Password string }
	raw, err := os.ReadFile(n.Credentials)
	if err == nil {
		err = json.Unmarshal(raw, &login)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: credentials: %w", ErrNode, err)
	}
	pem, err := os.ReadFile(n.Certificate)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: certificate %s: %w", ErrNode, n.Certificate, err)
	}
	web := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
	}
	return func(ctx context.Context, into any, method string, params ...any) error {
		if params == nil {
			params = []any{}
		}
		body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNode, err)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNode, err)
		}
		request.SetBasicAuth(login.User, login.Password)
		response, err := web.Do(request)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrNode, method, err)
		}
		defer response.Body.Close() //nolint:errcheck // read to its end below
		return readReply(response.Body, method, into)
	}, nil
}

func readReply(body io.Reader, method string, into any) error {
	var reply struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&reply); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNode, method, err)
	}
	if reply.Error != nil {
		return fmt.Errorf("%w: %s: %s", ErrNode, method, reply.Error.Message)
	}
	if err := json.Unmarshal(reply.Result, into); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNode, method, err)
	}
	return nil
}
