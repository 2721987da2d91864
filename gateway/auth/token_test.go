package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/guildmark/guildmark/gateway/api/bearer"
)

func TestTokenIsTheGateways(t *testing.T) {
	w := newWorld(t)
	assertion := w.assertion(nil)
	token := wants(t, w.post(w.form(assertion)), 200, "")
	got, err := w.verifier(t).Verify(t.Context(), token)
	must(t, err)
	if got.Subject != id("machine") || got.Allows("order") != nil || got.Allows("license") != nil {
		t.Fatalf("got %+v", got)
	}
	if got.Expires.After(time.Now().Add(tokenLife)) {
		t.Fatalf("expires %v", got.Expires)
	}
	if log := w.log.String(); strings.Contains(log, assertion) || strings.Contains(log, token) {
		t.Fatal("the log has an assertion or a token in it")
	}
}

func TestAssertions(t *testing.T) {
	hmac := func(w *world) string {
		raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"iss": id("machine"), "sub": id("machine"), "aud": issuer, "jti": "x",
			"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		}).SignedString(tokenPublic(t, w.key, false))
		must(t, err)
		return raw
	}
	none := func() string {
		raw, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
			"iss": id("machine"), "sub": id("machine"), "aud": issuer, "jti": "x",
			"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		}).SignedString(jwt.UnsafeAllowNoneSignatureType)
		must(t, err)
		return raw
	}
	set := func(name string, value any) func(jwt.MapClaims) {
		return func(c jwt.MapClaims) { c[name] = value }
	}
	unset := func(name string) func(jwt.MapClaims) { return func(c jwt.MapClaims) { delete(c, name) } }
	tests := []struct {
		name      string
		assertion func(w *world) string
		status    int
		code      string
	}{
		{"good", func(w *world) string { return w.assertion(nil) }, 200, ""},
		{"another key", func(w *world) string { return w.signed(newKey(t), nil) }, 401, "invalid_client"},
		{
			"a copy of the files in another TPM, which makes another key of them",
			func(w *world) string { return w.signed(newKey(t), set("kid", "copied")) }, 401, "invalid_client",
		},
		{"for another machine", func(w *world) string {
			return w.assertion(func(c jwt.MapClaims) { c["iss"], c["sub"] = id("other"), id("other") })
		}, 401, "invalid_client"},
		{"delegated", func(w *world) string { return w.assertion(set("sub", id("other"))) }, 401, "invalid_client"},
		{"id that is none", func(w *world) string {
			return w.assertion(func(c jwt.MapClaims) { c["iss"], c["sub"] = "x", "x" })
		}, 401, "invalid_client"},
		{
			"another audience", func(w *world) string { return w.assertion(set("aud", gateway)) }, 401,
			"invalid_client",
		},
		{
			"two audiences", func(w *world) string { return w.assertion(set("aud", []string{issuer, gateway})) },
			401, "invalid_client",
		},
		{"token endpoint as audience", func(w *world) string {
			return w.assertion(set("aud", issuer+
				"/oauth/token"))
		}, 401, "invalid_client"},
		{"no expiry", func(w *world) string { return w.assertion(unset("exp")) }, 401, "invalid_client"},
		{"expired", func(w *world) string {
			return w.assertion(set("exp",
				time.Now().Add(-time.Minute).Unix()))
		}, 401, "invalid_client"},
		{"a year long", func(w *world) string {
			return w.assertion(set("exp",
				time.Now().Add(365*24*time.Hour).Unix()))
		}, 401, "invalid_client"},
		{"no issue time", func(w *world) string { return w.assertion(unset("iat")) }, 401, "invalid_client"},
		{
			"old", func(w *world) string { return w.assertion(set("iat", time.Now().Add(-time.Hour).Unix())) },
			401, "invalid_client",
		},
		{"no id", func(w *world) string { return w.assertion(unset("jti")) }, 401, "invalid_client"},
		{"an id like a novel", func(w *world) string {
			return w.assertion(set("jti",
				strings.Repeat("x", 129)))
		}, 401, "invalid_client"},
		{"unsigned", func(*world) string { return none() }, 401, "invalid_client"},
		{"HS256 with the public key", hmac, 401, "invalid_client"},
		{"no token", func(*world) string { return "abc" }, 401, "invalid_client"},
		{"huge", func(*world) string { return strings.Repeat("a", 5000) }, 401, "invalid_client"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			wants(t, w.post(w.form(tt.assertion(w))), tt.status, tt.code)
		})
	}
}

func TestAssertionCountsOnce(t *testing.T) {
	w := newWorld(t)
	assertion := w.assertion(nil)
	wants(t, w.post(w.form(assertion)), 200, "")
	wants(t, w.post(w.form(assertion)), 401, "invalid_client")
	w.start() // a restart forgets nothing
	wants(t, w.post(w.form(assertion)), 401, "invalid_client")
	wants(t, w.post(w.form(w.assertion(nil))), 200, "")
}

// TestAssertionCountsOnceAtOnce: of many at the same moment one gets a token.
func TestAssertionCountsOnceAtOnce(t *testing.T) {
	w := newWorld(t)
	form := w.form(w.assertion(nil))
	codes := make(chan int)
	for range 8 {
		go func() { codes <- w.post(form).Code }()
	}
	good := 0
	for range 8 {
		if <-codes == 200 {
			good++
		}
	}
	if good != 1 {
		t.Fatalf("tokens for one assertion: got %d, want 1", good)
	}
}

func TestRequests(t *testing.T) {
	tests := []struct {
		name   string
		change func(url.Values)
		status int
		code   string
	}{
		{"good", func(url.Values) {}, 200, ""},
		{"with its own client_id", func(f url.Values) { f.Set("client_id", id("machine")) }, 200, ""},
		{"with another client_id", func(f url.Values) { f.Set("client_id", id("other")) }, 401, "invalid_client"},
		{"one scope", func(f url.Values) { f.Set("scope", "order") }, 200, ""},
		{"no scope", func(f url.Values) { f.Del("scope") }, 400, "invalid_scope"},
		{"unknown scope", func(f url.Values) { f.Set("scope", "order admin") }, 400, "invalid_scope"},
		{
			"no assertion", func(f url.Values) { f.Del("client_assertion"); f.Set("client_id", id("machine")) },
			401, "invalid_client",
		},
		{"an empty secret", func(f url.Values) {
			f.Del("client_assertion")
			f.Set("client_id", id("machine"))
			f.Set("client_secret", "")
		}, 401, "invalid_client"},
		{"a secret beside", func(f url.Values) { f.Set("client_secret", "x") }, 401, "invalid_client"},
		{"wrong assertion type", func(f url.Values) { f.Set("client_assertion_type", "x") }, 400, "invalid_request"},
		{"no grant", func(f url.Values) { f.Del("grant_type") }, 400, "invalid_request"},
		{
			"code", func(f url.Values) { f.Set("grant_type", "authorization_code"); f.Set("code", "x") }, 400,
			"unsupported_grant_type",
		},
		{
			"refresh", func(f url.Values) { f.Set("grant_type", "refresh_token"); f.Set("refresh_token", "x") },
			400, "unsupported_grant_type",
		},
		{"assertion as grant", func(f url.Values) {
			f.Set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
			f.Set("assertion", f.Get("client_assertion"))
		}, 400, "unsupported_grant_type"},
		{"twice", func(f url.Values) { f.Add("scope", "order") }, 400, "invalid_request"},
		{"too large", func(f url.Values) { f.Set("x", strings.Repeat("x", maxForm)) }, 400, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			form := w.form(w.assertion(nil))
			tt.change(form)
			wants(t, w.post(form), tt.status, tt.code)
		})
	}
	t.Run("in the address", func(t *testing.T) {
		w := newWorld(t)
		req := httptest.NewRequest(http.MethodPost, "/oauth/token?"+w.form(w.assertion(nil)).Encode(), nil)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		wants(t, w.do(req), 400, "invalid_request")
	})
	t.Run("basic", func(t *testing.T) {
		w := newWorld(t)
		req := httptest.NewRequest(http.MethodPost, "/oauth/token",
			strings.NewReader("grant_type=client_credentials&scope=order"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(id("machine"), "")
		wants(t, w.do(req), 400, "invalid_request")
	})
}

func TestLedger(t *testing.T) {
	t.Run("down is not unknown", func(t *testing.T) {
		w := newWorld(t)
		w.down = true
		rec := w.post(w.form(w.assertion(nil)))
		wants(t, rec, 503, "server_error")
		if strings.Contains(rec.Body.String(), "10.0.0.1") {
			t.Fatalf("the answer tells too much: %s", rec.Body)
		}
	})
	t.Run("asked once for a while", func(t *testing.T) {
		w := newWorld(t)
		for range 3 {
			wants(t, w.post(w.form(w.assertion(nil))), 200, "")
		}
		if n := w.asked.Load(); n != 1 {
			t.Fatalf("look-ups: got %d, want 1", n)
		}
	})
	t.Run("an AK is no token key", func(t *testing.T) {
		w := newWorld(t)
		w.records[id("machine")] = w.record("machine", tokenPublic(t, w.key, true))
		wants(t, w.post(w.form(w.assertion(nil))), 503, "server_error")
	})
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	v := w.verifier(t)
	before := wants(t, w.post(w.form(w.assertion(nil))), 200, "")
	must(t, w.server.config.Keys.Rotate())
	after := wants(t, w.post(w.form(w.assertion(nil))), 200, "")
	if kid(t, before) == kid(t, after) {
		t.Fatal("the old key signs still")
	}
	for _, token := range []string{before, after} {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	must(t, w.server.config.Keys.Rotate())
	if _, err := w.verifier(t).Verify(t.Context(), before); !errors.Is(err, bearer.ErrKey) {
		t.Fatalf("token of a forgotten key: got %v, want %v", err, bearer.ErrKey)
	}
	w.start()
	if n := len(w.server.config.Keys.all()); n != published {
		t.Fatalf("keys after a restart: got %d, want %d", n, published)
	}
}

func kid(t *testing.T, token string) any {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	must(t, err)
	return parsed.Header["kid"]
}
