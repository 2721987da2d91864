package api

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/gateway/api/bearer"
	"github.com/guildmark/guildmark/gateway/content"
	"github.com/guildmark/guildmark/gateway/projection"
	"github.com/guildmark/guildmark/gateway/store"
)

const (
	issuer  = "https://auth.test"
	address = "https://gateway.test"
)

func id(name string) string { return ledger.Hash("test", name) }

var (
	owner    = "OperatorMSP.0123456789abcdef"
	stranger = "OperatorMSP.ffffffffffffffff"
)

// fakeLedger answers from a table of functions, and remembers what was asked under which identity.
type fakeLedger struct {
	mu      sync.Mutex
	answers map[string]func(args []string) ([]byte, error)
	calls   []string
	sign    func(by Quorum, function string, args []string) ([]byte, error)
}

func (f *fakeLedger) call(kind, function string, args []string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, kind+" "+function+" "+strings.Join(args, " "))
	answer, ok := f.answers[function]
	if !ok {
		return nil, ledger.Refuse(ledger.NotFound, "test.unknown", "no such function")
	}
	return answer(args)
}

func (f *fakeLedger) Evaluate(_ context.Context, function string, args ...string) ([]byte, error) {
	return f.call("evaluate", function, args)
}

func (f *fakeLedger) Submit(_ context.Context, function string, args ...string) ([]byte, error) {
	return f.call("submit", function, args)
}

func (f *fakeLedger) Sign(_ context.Context, by Quorum, function string, args ...string) ([]byte, error) {
	f.mu.Lock()
	f.calls = append(f.calls, "sign "+function)
	f.mu.Unlock()
	return f.sign(by, function, args)
}

// doc answers with a document for one argument, and NotFound for others.
func doc(arg string, v any) func([]string) ([]byte, error) {
	return func(args []string) ([]byte, error) {
		if len(args) == 0 || args[0] != arg {
			return nil, ledger.Refuse(ledger.NotFound, "test.not_found", "not on the ledger")
		}
		return ledger.Encode(v), nil
	}
}

// world is a gateway over a fake ledger, a real store, a real content store and a real token key.
type world struct {
	t       testing.TB
	reader  *fakeLedger
	buyer   *fakeLedger
	store   *store.Store
	content *content.Content
	handler http.Handler
	server  *Server
	key     *ecdsa.PrivateKey
	issuer  *httptest.Server
	log     *bytes.Buffer
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	t := tb
	w := &world{t: t, log: &bytes.Buffer{}}
	var err error
	w.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	w.issuer = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
			KeyID: "one",
			Key:   w.key.Public(), Algorithm: "ES256", Use: "sig",
		}}})
	}))
	t.Cleanup(w.issuer.Close)
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "model.db"))
	must(t, err)
	t.Cleanup(func() { _ = w.store.Close() })
	w.content, err = content.Open(t.Context(), "file://"+t.TempDir()+"?no_tmp_dir=true&metadata=skip")
	must(t, err)
	t.Cleanup(func() { _ = w.content.Close() })
	w.reader = &fakeLedger{answers: map[string]func([]string) ([]byte, error){
		"machines:Get": doc(id("machine"), theMachine()),
		"orders:Get": doc(id("order"),
			order.View{Order: theOrder(), State: "open", Payments: []order.Payment{}, Licenses: []string{}}),
		"licenses:Get":      doc(id("license"), theLicense()),
		"governance:Config": doc("", replaytest.NewConsortium(tb).Config),
	}}
	w.buyer = &fakeLedger{answers: map[string]func([]string) ([]byte, error){}}
	w.build(nil)
	return w
}

func (w *world) build(custodians map[string]string) {
	w.t.Helper()
	keys := bearer.NewKeys(w.issuer.URL, w.issuer.Client(), time.Now)
	var err error
	w.server, err = New(Config{
		URL: address, Issuer: issuer, Tokens: bearer.New(issuer, address, keys, time.Now), Reader: w.reader,
		Buyers: map[string]Ledger{owner: w.buyer}, Store: w.store, Content: w.content, Custodians: custodians,
		Relay: http.DefaultClient, Log: slog.New(slog.NewJSONHandler(w.log,
			&slog.HandlerOptions{Level: slog.LevelDebug})), Version: "test", Now: time.Now,
	})
	must(w.t, err)
	w.handler, err = w.server.Handler()
	must(w.t, err)
}

// token makes a good token, changed by the caller.
func (w *world) token(change func(jwt.MapClaims)) string {
	w.t.Helper()
	c := jwt.MapClaims{
		"iss": issuer, "aud": []string{address}, "sub": id("machine"), "client_id": id("machine"), "jti": "x",
		"scope": "order license",
		"iat":   time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(),
	}
	if change != nil {
		change(c)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, c)
	t.Header["kid"] = "one"
	raw, err := t.SignedString(w.key)
	must(w.t, err)
	return raw
}

type header struct{ name, value string }

// do sends a request; a response that its own document doesn't describe is a failure too.
func (w *world) do(method, path, body string, headers ...header) *httptest.ResponseRecorder {
	w.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, path, r)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		req.Header.Set(h.name, h.value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	w.described(req, rec)
	return rec
}

func (w *world) described(req *http.Request, rec *httptest.ResponseRecorder) {
	w.t.Helper()
	for _, r := range w.server.routes() {
		if r.method != req.Method || !matches(r.path, req.URL.Path) {
			continue
		}
		media, _, _ := mime.ParseMediaType(rec.Header().Get("Content-Type"))
		if media != "application/json" && media != "application/problem+json" {
			return
		}
		schema := w.responseSchema(r, rec.Code, media)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(rec.Body.Bytes()))
		must(w.t, err)
		if err := schema.Validate(value); err != nil {
			w.t.Errorf("%s %s: the response is not the documented one: %v\n%s", req.Method, req.URL.Path, err,
				rec.Body)
		}
		return
	}
}

func (w *world) responseSchema(r route, status int, media string) *jsonschema.Schema {
	w.t.Helper()
	op := w.server.spec.spec.Paths.Value(r.path).GetOperation(r.method)
	name := strconv.Itoa(status)
	ref := op.Responses.Value(name)
	if ref == nil {
		name, ref = "default", op.Responses.Default()
	}
	at := "#/paths/" + escape(r.path) + "/" + strings.ToLower(r.method) + "/responses/" + name
	if ref.Ref != "" {
		at = ref.Ref
	}
	schema, err := w.server.spec.compile(at + "/content/" + escape(media) + "/schema")
	must(w.t, err)
	return schema
}

func matches(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] && !strings.HasPrefix(p[i], "{") {
			return false
		}
	}
	return true
}

func (w *world) machineToken() header { return header{"Authorization", "Bearer " + w.token(nil)} }

// wants checks status and, for a problem, its code.
func wants(tb testing.TB, rec *httptest.ResponseRecorder, status int, code string) {
	tb.Helper()
	t := tb
	if rec.Code != status {
		t.Fatalf("status: got %d, want %d; body %s", rec.Code, status, rec.Body)
	}
	if code == "" {
		return
	}
	var p Problem
	must(t, json.Unmarshal(rec.Body.Bytes(), &p))
	if p.Code != code {
		t.Fatalf("code: got %q (%s %s), want %q", p.Code, p.Detail, p.Saw, code)
	}
	if got := rec.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("content type of a problem: got %q", got)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// apply projects events as the real projection does and returns when they are stored.
func (w *world) apply(events ...projection.Event) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	ch := make(chan projection.Event, len(events))
	for _, e := range events {
		ch <- e
	}
	close(ch)
	changed := w.store.Changed()
	done := make(chan error, 1)
	p := &projection.Projection{
		Store: w.store, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
		Source: func(context.Context, store.Cursor) (<-chan projection.Event, error) {
			return ch, nil
		},
	}
	go func() { done <- p.Run(ctx) }()
	<-changed
	cancel()
	must(w.t, <-done)
}

func theMachine() machine.Machine {
	return machine.Machine{
		Format: "guildmark/machine/1", ID: id("machine"), Owner: owner,
		Registrar: "ManufacturerMSP.0123456789abcdef", EKHash: id("ek"),
		AK: "AAAA", SRK: "AAAA", Token: "AAAA", Counter: "000b", Line: "mixer", Assurance: "vtpm", Shard: 7, Epoch: 3,
	}
}

func theSplit() royalty.Terms {
	return royalty.Terms{
		Commission: royalty.Commission{
			Rate: 30_000_000, Min: 0, Max: 1_000_000,
			Payee: "OperatorMSP.0000000000000001",
		},
		Contributors: []royalty.Contributor{{Payee: "LicensorsMSP.0000000000000001", Weight: 2}}, Residual: "",
	}
}

func theOrder() order.Order {
	return order.Order{
		Format: "guildmark/order/1", ID: id("order"), Buyer: owner, Machine: id("machine"), Price: 30_000,
		Items: []order.Item{{
			Offer: id("offer"), Dataset: id("dataset"), Version: 1, Manifest: id("manifest"),
			Custodians: []string{"LicensorsMSP", "ManufacturerMSP"},
			Model:      offer.Model{Kind: "uses", Uses: 3}, Price: 30_000, Split: theSplit(),
		}},
		Descriptor: 1, Shard: 7, Number: 0, Script: "0020" + id("script"), Address: "bcrt1qexample", Created: 3,
		Expires: 9,
	}
}

func theLicense() license.License {
	return license.License{
		Format: "guildmark/license/1", ID: id("license"), Order: id("order"), Machine: id("machine"),
		Buyer: owner, Dataset: id("dataset"),
		Version: 1, Manifest: id("manifest"), Custodians: []string{"LicensorsMSP", "ManufacturerMSP"},
		Model: offer.Model{Kind: "uses", Uses: 3}, Terms: id("terms"), Epoch: 3,
	}
}

func theOffer(name string, version int) offer.Offer {
	return offer.Offer{
		Format: "guildmark/offer/1", ID: id(name),
		Licensor: dataset.Licensor{MSP: "LicensorsMSP", Party: "LicensorsMSP.0000000000000001"},
		Dataset:  id("dataset"), Version: version, Model: offer.Model{Kind: "uses", Uses: 3}, Price: 30_000,
		Assurance: []string{"tpm", "vtpm"}, Split: theSplit(), Epoch: 3,
	}
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// published makes the event of a publication whose body and envelope are the given bytes.
func published(version int, body, envelope []byte) projection.Event {
	m := dataset.Manifest{
		Format: "guildmark/manifest/1", Dataset: id("dataset"), Version: version,
		BodySize: int64(len(body)), BodyHash: sum(body),
	}
	raw := ledger.Encode(m)
	return projection.Event{
		Block: 1, TxID: "publish", Name: ledger.EventDatasetPublished,
		Payload: ledger.Encode(dataset.Published{
			Manifest: base64.StdEncoding.EncodeToString(raw),
			Publication: dataset.Publication{
				Format: "guildmark/publication/1", Licensor: theOffer("", 1).Licensor, Manifest: sum(raw),
				Signature: "AAAA",
				Envelope:  sum(envelope), Epoch: 3,
			},
		}),
	}
}

func event(name string, payload any) projection.Event {
	return projection.Event{Block: 2, TxID: name, Name: name, Payload: ledger.Encode(payload)}
}
