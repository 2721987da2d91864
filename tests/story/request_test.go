package story

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// gatewayRoot is what the gateway's certificate leads to.
func (s *scene) gatewayRoot() string { return s.Conn.TLSRoot("operator") }

// issuer signs access tokens with the authorization server's own key, so that one claim at a time is wrong.
type issuer struct {
	id  string
	key any
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(on.Net(), "operator", "services", "auth", "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Keys []struct {
			ID  string `json:"id"`
			Key []byte `json:"key"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Keys) == 0 {
		t.Fatalf("the authorization server's keys: %v", err)
	}
	newest := file.Keys[len(file.Keys)-1]
	key, err := x509.ParsePKCS8PrivateKey(newest.Key)
	if err != nil {
		t.Fatal(err)
	}
	return issuer{newest.ID, key}
}

// token is good for a machine unless change makes it otherwise.
func (i issuer) token(t *testing.T, machine string, change func(jwt.MapClaims)) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": on.URL("auth"), "aud": []string{on.URL("gateway")}, "sub": machine, "client_id": machine,
		"scope": "order license",
		"jti":   t.Name(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	if change != nil {
		change(claims)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"], token.Header["typ"] = i.id, "at+jwt"
	text, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestGatewayRefuses sends the real gateway what it must refuse, each with the stable code of the check that
// should, and beside them the honest request.
func TestGatewayRefuses(t *testing.T) {
	order := ordered(t)
	from := newIssuer(t)
	mine := from.token(t, on.mixer.ID, nil)
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"iss": on.URL("auth"), "aud": []string{on.URL("gateway")}, "sub": on.mixer.ID, "client_id": on.mixer.ID,
		"scope": "order license",
		"jti":   "unsigned", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	large := `{"offers":["` + strings.Repeat("0", 2<<20) + `"],"machine":"` + on.mixer.ID + `"}`
	unknown := strings.Repeat("0", 64)
	tests := []struct {
		name, token, method, path, body string
		status                          int
		code                            string
	}{
		{"the machine's own order", mine, "GET", "/v1/orders/" + order, "", 200, ""},
		{"no token", "", "GET", "/v1/orders/" + order, "", 401, "token.missing"},
		{"another audience", from.token(t, on.mixer.ID,
			func(c jwt.MapClaims) { c["aud"] = []string{"https://elsewhere.example"} }), "GET", "/v1/orders/" +
			order, "", 401, "token.audience"},
		{"expired", from.token(t, on.mixer.ID,
			func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() }), "GET", "/v1/orders/" +
			order, "", 401, "token.expired"},
		{"unsigned", unsigned, "GET", "/v1/orders/" + order, "", 401, "token.algorithm"},
		{
			"a changed signature", mine[:len(mine)-8] + "AAAAAAAA", "GET", "/v1/orders/" + order, "", 401,
			"token.signature",
		},
		{
			"another machine's order", from.token(t, on.other.ID, nil), "GET", "/v1/orders/" + order, "", 403,
			"order.not_yours",
		},
		{"an unknown order", mine, "GET", "/v1/orders/" + unknown, "", 404, "order.unknown"},
		{"an unknown offer", mine, "POST", "/v1/orders", `{"offers":["` + unknown + `"],"machine":"` +
			on.mixer.ID + `"}`, 404, "offer.unknown"},
		{"a body too large", mine, "POST", "/v1/orders", large, 413, "request.too_large"},
	}
	client := on.browser(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, code := send(t.Context(), t, client, tt.method, on.URL("gateway")+tt.path, tt.token, tt.body)
			if status != tt.status || code != tt.code {
				t.Errorf("got %d %q, want %d %q", status, code, tt.status, tt.code)
			}
		})
	}
}

// ordered gives an order of the mixer that the stories before left on the ledger.
func ordered(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(on.mixer.State(), "orders", "*.signed.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("the mixer has no order: run the whole package (%v)", err)
	}
	return strings.TrimSuffix(filepath.Base(found[0]), ".signed.json")
}

func (s *scene) browser(t *testing.T) *http.Client {
	t.Helper()
	root, err := os.ReadFile(s.gatewayRoot())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		t.Fatal("the gateway's root can't be read")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// send gives the status and the problem's code.
func send(ctx context.Context, t *testing.T, client *http.Client, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "story-of-a-bad-request")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rsp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer rsp.Body.Close()
	raw, err := io.ReadAll(rsp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var problem struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(raw, &problem); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return rsp.StatusCode, problem.Code
}
