package bearer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// issuerOf is a key server without a network: synctest's clock must not wait for sockets.
type issuerOf struct {
	keys  []jose.JSONWebKey
	asked atomic.Int32
	down  bool
}

func (i *issuerOf) RoundTrip(*http.Request) (*http.Response, error) {
	i.asked.Add(1)
	if i.down {
		return nil, errors.New("connection refused")
	}
	rec := httptest.NewRecorder()
	_ = json.NewEncoder(rec).Encode(jose.JSONWebKeySet{Keys: i.keys})
	return rec.Result(), nil
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func jwk(id string, k *ecdsa.PrivateKey) jose.JSONWebKey {
	return jose.JSONWebKey{KeyID: id, Key: k.Public(), Algorithm: "ES256", Use: "sig"}
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuerOf{keys: []jose.JSONWebKey{jwk("a", newKey(t))}}
		k := NewKeys("https://issuer.test/keys", &http.Client{Transport: i}, time.Now)
		get := func(id string, want error, asked int32) {
			t.Helper()
			_, err := k.Get(t.Context(), id)
			if !errors.Is(err, want) || i.asked.Load() != asked {
				t.Fatalf("key %s: got %v after %d requests, want %v after %d", id, err, i.asked.Load(), want, asked)
			}
		}
		get("a", nil, 1)
		get("a", nil, 1)
		for range 100 { // made-up ids don't become load
			get("b", ErrKey, 1)
		}
		i.keys = append(i.keys, jwk("b", newKey(t)))
		time.Sleep(refetch)
		get("b", nil, 2)
		i.keys = i.keys[1:] // a is withdrawn
		time.Sleep(maxAge)
		get("a", ErrKey, 3)
		get("b", nil, 3)
		i.down = true
		time.Sleep(maxAge)
		get("b", nil, 4) // a known key outlives the issuer's absence
		get("c", ErrKeys, 4)
		time.Sleep(refetch)
		get("c", ErrKeys, 5)
	})
}

func TestOtherKindsOfKeyAreLeftOut(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuerOf{keys: []jose.JSONWebKey{
		jwk("384", p384),
		{KeyID: "secret", Key: []byte("0123456789abcdef"), Algorithm: "HS256"},
		jwk("", newKey(t)),
		jwk("good", newKey(t)),
	}}
	k := NewKeys("https://issuer.test/keys", &http.Client{Transport: i}, time.Now)
	for id, want := range map[string]error{"384": ErrKey, "secret": ErrKey, "": ErrKey, "good": nil} {
		if _, err := k.Get(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("key %q: got %v, want %v", id, err, want)
		}
	}
}

const (
	issuer  = "https://issuer.test"
	gateway = "https://gateway.test"
)

func token(tb testing.TB, k *ecdsa.PrivateKey, kid string, life time.Duration) string {
	tb.Helper()
	raw := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": issuer, "aud": []string{gateway}, "sub": "m", "client_id": "m", "jti": rand.Text(),
		"scope": "order license", "iat": time.Now().Unix(), "nbf": time.Now().Unix(),
		"exp": time.Now().Add(life).Unix(),
	})
	raw.Header["kid"] = kid
	s, err := raw.SignedString(k)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestMemory: a remembered token ends with its expiry and with its key.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t)
		i := &issuerOf{keys: []jose.JSONWebKey{jwk("a", key)}}
		v := New(issuer, gateway, NewKeys(issuer+"/keys", &http.Client{Transport: i}, time.Now), time.Now)
		verify := func(raw string, want error) {
			t.Helper()
			if _, err := v.Verify(t.Context(), raw); !errors.Is(err, want) {
				t.Fatalf("got %v, want %v", err, want)
			}
		}
		short := token(t, key, "a", time.Minute)
		long := token(t, key, "a", time.Hour)
		verify(short, nil)
		verify(short, nil)
		verify(long, nil)
		time.Sleep(time.Minute + leeway + time.Second)
		verify(short, ErrExpired)
		verify(long, nil)
		i.keys = nil
		time.Sleep(maxAge)
		verify(long, ErrKey)
	})
}

// TestMemoryIsBounded: verified tokens beyond the bound push out old ones, never the check itself.
func TestMemoryIsBounded(t *testing.T) {
	key := newKey(t)
	i := &issuerOf{keys: []jose.JSONWebKey{jwk("a", key)}}
	v := New(issuer, gateway, NewKeys(issuer+"/keys", &http.Client{Transport: i}, time.Now), time.Now)
	v.maxYoung = 4
	for range 20 {
		if _, err := v.Verify(t.Context(), token(t, key, "a", time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(v.young) + len(v.old); n > 8 {
		t.Fatalf("remembered: got %d, want at most 8", n)
	}
}

func FuzzVerify(f *testing.F) {
	key := newKey(f)
	i := &issuerOf{keys: []jose.JSONWebKey{jwk("a", key)}}
	v := New(issuer, gateway, NewKeys(issuer+"/keys", &http.Client{Transport: i}, time.Now), time.Now)
	good := token(f, key, "a", time.Hour)
	f.Add(good)
	f.Add("")
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := v.Verify(t.Context(), raw)
		if err == nil && got.Subject != "m" {
			t.Fatalf("token for %q from bytes nobody signed", got.Subject)
		}
		if err != nil && !errors.Is(err, ErrUnauthenticated) {
			t.Fatalf("a bad token is no 401: %v", err)
		}
	})
}
