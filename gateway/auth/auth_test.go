package auth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/gateway/api/bearer"
)

const (
	issuer  = "https://auth.test"
	gateway = "https://gateway.test"
)

func id(name string) string { return ledger.Hash("test", name) }

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(tb, err)
	return k
}

// tokenPublic is a key as the TPM describes it.
func tokenPublic(tb testing.TB, k *ecdsa.PrivateKey, restricted bool) []byte {
	tb.Helper()
	raw, err := k.PublicKey.Bytes()
	must(tb, err)
	area := tpmpolicy.SigningTemplate(restricted)
	area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
		X: tpm2.TPM2BECCParameter{Buffer: raw[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: raw[33:]},
	})
	return tpm2.Marshal(area)
}

// world is an authorization server over a ledger with one machine.
type world struct {
	t       testing.TB
	key     *ecdsa.PrivateKey // the machine's
	records map[string][]byte
	down    bool
	asked   atomic.Int32
	folder  string
	server  *Server
	handler http.Handler
	log     bytes.Buffer
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{t: tb, key: newKey(tb), folder: tb.TempDir()}
	w.records = map[string][]byte{id("machine"): w.record("machine", tokenPublic(tb, w.key, false))}
	w.start()
	return w
}

func (w *world) record(name string, public []byte) []byte {
	return ledger.Encode(machine.Machine{
		Format: "guildmark/machine/1", ID: id(name),
		Token: base64.StdEncoding.EncodeToString(public),
	})
}

func (w *world) evaluate(_ context.Context, function string, args ...string) ([]byte, error) {
	w.asked.Add(1)
	if w.down {
		return nil, errors.New("connection refused at 10.0.0.1")
	}
	doc, ok := w.records[args[0]]
	if function != "machines:Get" || !ok {
		return nil, ledger.Refuse(ledger.NotFound, "machine.unknown", "no such machine")
	}
	return doc, nil
}

// start opens everything from the folder, as after a restart.
func (w *world) start() {
	w.t.Helper()
	keys, err := OpenKeys(filepath.Join(w.folder, "keys.json"), time.Now)
	must(w.t, err)
	once, err := OpenOnce(w.t.Context(), filepath.Join(w.folder, "used.db"), time.Now)
	must(w.t, err)
	w.t.Cleanup(func() { _ = once.Close() })
	w.server, err = New(Config{
		Issuer: issuer, Audience: gateway, Keys: keys, Machines: NewMachines(w.evaluate, time.Now), Once: once,
		Log: slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Version: "test",
	})
	must(w.t, err)
	w.handler = w.server.Handler()
}

// assertion makes a good one, changed by the caller.
func (w *world) assertion(change func(jwt.MapClaims)) string {
	w.t.Helper()
	return w.signed(w.key, change)
}

func (w *world) signed(key *ecdsa.PrivateKey, change func(jwt.MapClaims)) string {
	w.t.Helper()
	c := jwt.MapClaims{
		"iss": id("machine"), "sub": id("machine"), "aud": issuer, "jti": rand.Text(),
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	if change != nil {
		change(c)
	}
	raw, err := jwt.NewWithClaims(jwt.SigningMethodES256, c).SignedString(key)
	must(w.t, err)
	return raw
}

func (w *world) form(assertion string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "scope": {"order license"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
}

func (w *world) post(form url.Values) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(req)
}

func (w *world) do(req *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	return rec
}

// wants checks status and OAuth error; "" = a token came.
func wants(tb testing.TB, rec *httptest.ResponseRecorder, status int, code string) string {
	tb.Helper()
	var answer struct {
		Error string `json:"error"`
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
		Life  int    `json:"expires_in"`
	}
	must(tb, json.Unmarshal(rec.Body.Bytes(), &answer))
	if rec.Code != status || answer.Error != code || (code == "") != (answer.Token != "") {
		tb.Fatalf("got %d %q, want %d %q; body %s", rec.Code, answer.Error, status, code, rec.Body)
	}
	if code == "" && (answer.Type != "Bearer" || answer.Life < 290 || answer.Life > 300) {
		tb.Fatalf("token of type %q for %d s", answer.Type, answer.Life)
	}
	return answer.Token
}

// verifier is the gateway's, over the server's own JWKS.
func (w *world) verifier(tb testing.TB) *bearer.Verifier {
	tb.Helper()
	server := httptest.NewServer(w.handler)
	tb.Cleanup(server.Close)
	return bearer.New(issuer, gateway, bearer.NewKeys(server.URL+"/keys", server.Client(), time.Now), time.Now)
}
