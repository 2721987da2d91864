package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// TestRoutesAreTheDocument: every documented operation is answered, and nothing else is.
func TestRoutesAreTheDocument(t *testing.T) {
	w := newWorld(t)
	var documented, routed []string
	for path, item := range w.server.spec.spec.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	for _, r := range w.server.routes() {
		routed = append(routed, r.method+" "+r.path)
	}
	slices.Sort(documented)
	slices.Sort(routed)
	if !slices.Equal(documented, routed) {
		t.Fatalf("documented %v\nrouted %v", documented, routed)
	}
}

// TestSchemasAreClosed: every object schema says what else it takes; only the publication, which is the
// ledger's, is open.
func TestSchemasAreClosed(t *testing.T) {
	w := newWorld(t)
	for name, s := range w.server.spec.spec.Components.Schemas {
		if s.Value.Type.Is("object") && (s.Value.AdditionalProperties.Has == nil ||
			*s.Value.AdditionalProperties.Has) {
			t.Errorf("schema %s is open", name)
		}
	}
}

func orderBody(machine string) string {
	return fmt.Sprintf(`{"offers":[%q],"machine":%q}`, id("offer"), machine)
}

var idempotency = header{"Idempotency-Key", "key-1"}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	path := "/v1/orders/" + id("order")
	hs := func() string {
		// The public key's bytes as an HMAC secret: the classic confusion.
		c := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"iss": issuer, "aud": address, "sub": id("machine"), "client_id": id("machine"), "jti": "x",
			"scope": "order", "exp": time.Now().Add(time.Minute).Unix(),
		})
		c.Header["kid"] = "one"
		public, err := w.key.PublicKey.Bytes()
		must(t, err)
		raw, err := c.SignedString(public)
		must(t, err)
		return raw
	}
	none := func() string {
		c := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
			"iss": issuer, "aud": address, "sub": id("machine"), "client_id": id("machine"), "jti": "x",
			"scope": "order", "exp": time.Now().Add(time.Minute).Unix(),
		})
		raw, err := c.SignedString(jwt.UnsafeAllowNoneSignatureType)
		must(t, err)
		return raw
	}
	good := w.token(nil)
	tests := []struct {
		name, header string
		status       int
		code         string
	}{
		{"good", "Bearer " + good, 200, ""},
		{"none at all", "", 401, "token.missing"},
		{"basic", "Basic abc", 401, "token.missing"},
		{"not a token", "Bearer abc", 401, "token.malformed"},
		{"huge", "Bearer " + strings.Repeat("a", 5000), 401, "token.malformed"},
		{"unsigned", "Bearer " + none(), 401, "token.algorithm"},
		{"HS256 with the public key", "Bearer " + hs(), 401, "token.algorithm"},
		{"changed signature", "Bearer " + flip(good), 401, "token.signature"},
		{
			"another audience", "Bearer " + w.token(func(c jwt.MapClaims) { c["aud"] = "https://other.test" }),
			401, "token.audience",
		},
		{"two audiences", "Bearer " + w.token(func(c jwt.MapClaims) {
			c["aud"] = []string{
				address,
				"https://other.test",
			}
		}), 401, "token.claims"},
		{
			"another issuer", "Bearer " + w.token(func(c jwt.MapClaims) { c["iss"] = "https://other.test" }), 401,
			"token.issuer",
		},
		{"expired", "Bearer " + w.token(
			func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() }), 401, "token.expired"},
		{"no expiry", "Bearer " + w.token(func(c jwt.MapClaims) { delete(c, "exp") }), 401, "token.claims"},
		{"from the future", "Bearer " + w.token(
			func(c jwt.MapClaims) { c["nbf"] = time.Now().Add(time.Hour).Unix() }), 401, "token.expired"},
		{"an id_token", "Bearer " + w.token(func(c jwt.MapClaims) {
			delete(c, "scope")
			delete(c,
				"client_id")
			delete(c, "jti")
		}), 401, "token.claims"},
		{
			"for somebody else", "Bearer " + w.token(func(c jwt.MapClaims) { c["client_id"] = id("another") }),
			401, "token.claims",
		},
		{
			"without the scope", "Bearer " + w.token(func(c jwt.MapClaims) { c["scope"] = "license" }), 403,
			"token.scope",
		},
		{
			"another machine's", "Bearer " +
				w.token(func(c jwt.MapClaims) { c["sub"], c["client_id"] = id("another"), id("another") }), 403,
			"order.not_yours",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var hs []header
			if tt.header != "" {
				hs = []header{{"Authorization", tt.header}}
			}
			for range 2 { // the second time from the verifier's memory
				rec := w.do("GET", path, "", hs...)
				wants(t, rec, tt.status, tt.code)
				if (tt.status == 401) != (rec.Header().Get("WWW-Authenticate") != "") {
					t.Fatalf("WWW-Authenticate: %q at status %d", rec.Header().Get("WWW-Authenticate"), tt.status)
				}
			}
		})
	}
	t.Run("wrong kid", func(t *testing.T) {
		c := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"exp": time.Now().Add(time.Minute).Unix()})
		c.Header["kid"] = "two"
		raw, err := c.SignedString(w.key)
		must(t, err)
		wants(t, w.do("GET", path, "", header{"Authorization", "Bearer " + raw}), 401, "token.key")
	})
	if log := w.log.String(); strings.Contains(log, good) || strings.Contains(log, "Bearer") {
		t.Fatal("the log has a token in it")
	}
}

// flip changes a bit in the middle of the signature.
func flip(token string) string {
	b := []byte(token)
	i := len(b) - 40
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

func TestPlaceOrder(t *testing.T) {
	tests := []struct {
		name, body string
		headers    []header
		status     int
		code       string
	}{
		{"good", orderBody(id("machine")), []header{idempotency}, 201, ""},
		{"for another machine", orderBody(id("another")), []header{idempotency}, 403, "order.not_yours"},
		{"no key", orderBody(id("machine")), nil, 422, "request.schema"},
		{"key with a space", orderBody(id("machine")), []header{{"Idempotency-Key", "a b"}}, 422, "request.schema"},
		{"empty", `{}`, []header{idempotency}, 422, "request.schema"},
		{
			"unknown field", strings.Replace(orderBody(id("machine")), `{`, `{"price":1,`, 1),
			[]header{idempotency},
			422, "request.schema",
		},
		{
			"case-folded field", strings.Replace(orderBody(id("machine")), `"machine"`, `"Machine"`, 1),
			[]header{idempotency},
			422, "request.schema",
		},
		{"duplicate field", strings.Replace(orderBody(id("machine")), `{`, `{"machine":"`+id("another")+`",`,
			1), []header{idempotency}, 422, "document.duplicate_key"},
		{"trailing bytes", orderBody(id("machine")) + `{}`, []header{idempotency}, 422, "document.malformed"},
		{
			"no offers", `{"offers":[],"machine":"` + id("machine") + `"}`,
			[]header{idempotency},
			422,
			"request.schema",
		},
		{
			"offer that is no id", `{"offers":["x"],"machine":"` + id("machine") + `"}`,
			[]header{idempotency},
			422, "request.schema",
		},
		{
			"wrong media type", orderBody(id("machine")),
			[]header{idempotency, {"Content-Type", "text/plain"}},
			415, "request.media_type",
		},
		{
			"compressed", orderBody(id("machine")),
			[]header{idempotency, {"Content-Encoding", "gzip"}},
			415,
			"request.media_type",
		},
		{
			"too large", `{"offers":["` + strings.Repeat("a", smallBody) + `"]}`,
			[]header{idempotency},
			413,
			"request.too_large",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.buyer.answers["orders:Place"] = func(args []string) ([]byte, error) {
				var r order.Request
				must(t, ledger.DecodeCanonical([]byte(args[0]), &r))
				if r.Key != "key-1" || r.Machine != id("machine") {
					t.Errorf("the ledger was asked for %+v", r)
				}
				return ledger.Encode(theOrder()), nil
			}
			rec := w.do("POST", "/v1/orders", tt.body, append(tt.headers, w.machineToken())...)
			wants(t, rec, tt.status, tt.code)
			if tt.status != 201 {
				if len(w.buyer.calls) != 0 {
					t.Fatalf("refused, but the ledger was asked: %v", w.buyer.calls)
				}
				return
			}
			var got struct{ URI string }
			must(t, json.Unmarshal(rec.Body.Bytes(), &got))
			if want := "bitcoin:bcrt1qexample?amount=0.00030000"; got.URI != want {
				t.Fatalf("uri: got %q, want %q", got.URI, want)
			}
		})
	}
}

func TestOwnerWithoutIdentity(t *testing.T) {
	w := newWorld(t)
	m := theMachine()
	m.Owner = stranger
	w.reader.answers["machines:Get"] = doc(id("machine"), m)
	wants(t, w.do("POST", "/v1/orders", orderBody(id("machine")), idempotency, w.machineToken()), 403,
		"buyer.not_kept")
}

// TestKinds: each kind of the ledger's refusals has its status, and what is no refusal gives nothing away.
func TestKinds(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"not found", ledger.Refuse(ledger.NotFound, "offer.unknown", "x"), 404, "offer.unknown"},
		{"conflict", ledger.Refuse(ledger.Conflict, "order.key_reused", "x"), 409, "order.key_reused"},
		{"forbidden", ledger.Refuse(ledger.Forbidden, "caller.role", "x"), 403, "caller.role"},
		{"expired", ledger.Refuse(ledger.Expired, "order.expired", "x"), 410, "order.expired"},
		{"invalid", ledger.Refuse(ledger.Invalid, "order.offers", "x"), 422, "order.offers"},
		{"limit", ledger.Refuse(ledger.Limit, "order.daily_cap", "x"), 429, "order.daily_cap"},
		{"unavailable", ledger.Refuse(ledger.Unavailable, "clock.stale", "x"), 503, "clock.stale"},
		{
			"wrapped", fmt.Errorf("submit: %w", ledger.Refuse(ledger.Conflict, "order.key_reused", "x")), 409,
			"order.key_reused",
		},
		{"a kind of tomorrow", ledger.Refuse("Strange", "strange.thing", "secret"), 500, "internal"},
		{"anything else", fmt.Errorf("dial tcp 10.0.0.1: secret"), 500, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.buyer.answers["orders:Place"] = func([]string) ([]byte, error) { return nil, tt.err }
			rec := w.do("POST", "/v1/orders", orderBody(id("machine")), idempotency, w.machineToken())
			wants(t, rec, tt.status, tt.code)
			if strings.Contains(rec.Body.String(), "secret") {
				t.Fatalf("the problem tells too much: %s", rec.Body)
			}
		})
	}
}

func TestEveryMachineOnlyForItself(t *testing.T) {
	w := newWorld(t)
	other := header{"Authorization", "Bearer " +
		w.token(func(c jwt.MapClaims) { c["sub"], c["client_id"] = id("another"), id("another") })}
	nonce := `{"nonce":"` + id("nonce") + `"}`
	request := string(ledger.Encode(theGrantRequest()))
	receipt := string(ledger.Encode(grant.ReceiptRequest{
		License: id("license"), Job: "j",
		Attestation: machine.Attestation{Attest: "AAAA", Signature: "AAAA"},
	}))
	tests := []struct{ method, path, body, code string }{
		{"GET", "/v1/orders/" + id("order"), "", "order.not_yours"},
		{"POST", "/v1/orders/" + id("order") + "/sign", nonce, "order.not_yours"},
		{"POST", "/v1/licenses/" + id("license") + "/sign", nonce, "license.not_yours"},
		{"POST", "/v1/licenses/" + id("license") + "/grants", request, "license.not_yours"},
		{"GET", "/v1/licenses/" + id("license") + "/grants/newest", "", "license.not_yours"},
		{"POST", "/v1/licenses/" + id("license") + "/receipts", receipt, "license.not_yours"},
		{"GET", "/v1/machines/" + id("machine"), "", "machine.not_yours"},
		{"GET", "/v1/machines/" + id("machine") + "/licenses", "", "machine.not_yours"},
		{"GET", "/v1/machines/" + id("machine") + "/orders", "", "machine.not_yours"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			wants(t, w.do(tt.method, tt.path, tt.body, other), 403, tt.code)
			wants(t, w.do(tt.method, tt.path, tt.body), 401, "token.missing")
		})
	}
	if len(w.buyer.calls) != 0 {
		t.Fatalf("the ledger was written for a stranger: %v", w.buyer.calls)
	}
}

func theGrantRequest() grant.Request {
	a := machine.Attestation{Attest: "AAAA", Signature: "AAAA"}
	return grant.Request{
		License: id("license"), Pair: []string{"LicensorsMSP", "ManufacturerMSP"},
		Index: 0x01800200, Nonce: "AAAA", Counter: a, Time: a, IndexName: "000b",
	}
}

func TestGrantAndReceipt(t *testing.T) {
	w := newWorld(t)
	recorded := grant.Grant{
		Format: "guildmark/grant/1", License: id("license"), Machine: id("machine"), Meter: id("meter"),
		SRKName: "000b", IndexName: "000b",
		Nonce: "AAAA", Pair: []string{"LicensorsMSP", "ManufacturerMSP"}, Request: theGrantRequest(),
	}
	w.buyer.answers["licenses:RecordGrant"] = func([]string) ([]byte, error) { return ledger.Encode(recorded), nil }
	w.buyer.answers["licenses:RecordReceipt"] = func([]string) ([]byte, error) {
		return ledger.Encode(grant.Receipt{
			License: id("license"), Count: 1, Limit: 3, Job: "j",
			Attestation: theGrantRequest().Time,
		}), nil
	}
	w.reader.answers["licenses:GetGrant"] = func(args []string) ([]byte, error) {
		if args[1] != "" {
			return nil, ledger.Refuse(ledger.NotFound, "grant.unknown", "no such grant")
		}
		return ledger.Encode(grant.View{Grant: recorded}), nil
	}
	base := "/v1/licenses/" + id("license")
	wants(t, w.do("POST", base+"/grants", string(ledger.Encode(theGrantRequest())), w.machineToken()), 202, "")
	wants(t, w.do("GET", base+"/grants/newest", "", w.machineToken()), 200, "")
	wants(t, w.do("GET", base+"/grants/7", "", w.machineToken()), 404, "grant.unknown")
	wants(t, w.do("GET", base+"/grants/-1", "", w.machineToken()), 422, "request.schema")
	receipt := grant.ReceiptRequest{License: id("license"), Job: "j", Attestation: theGrantRequest().Time}
	wants(t, w.do("POST", base+"/receipts", string(ledger.Encode(receipt)), w.machineToken()), 201, "")
	receipt.License = id("another license")
	wants(t, w.do("POST", base+"/receipts", string(ledger.Encode(receipt)), w.machineToken()), 422,
		"request.mismatch")
}
