package auth

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Row 20 of tests/bench/README.md: token endpoint (private_key_jwt) ÷ (bare POST + P-256 verify + sign),
// requests a second, >= 0.75. Assertions are signed before the clock runs.

func benchPost(b *testing.B, handler http.Handler, body func() string) {
	b.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	for b.Loop() {
		b.StopTimer()
		text := body()
		b.StartTimer()
		resp, err := server.Client().Post(server.URL+"/oauth/token", "application/x-www-form-urlencoded",
			strings.NewReader(text))
		must(b, err)
		if resp.StatusCode != http.StatusOK {
			b.Fatalf("status %d", resp.StatusCode)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		must(b, err)
		must(b, resp.Body.Close())
	}
}

func BenchmarkRow20Floor(b *testing.B) {
	w := newWorld(b)
	digest := sha256.Sum256([]byte("x"))
	signature, err := ecdsa.SignASN1(rand.Reader, w.key, digest[:])
	must(b, err)
	answer := []byte(strings.Repeat("x", 900))
	benchPost(b, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if !ecdsa.VerifyASN1(&w.key.PublicKey, digest[:], signature) {
			http.Error(rw, "", http.StatusUnauthorized)
			return
		}
		_, _ = ecdsa.SignASN1(rand.Reader, w.key, digest[:])
		_, _ = rw.Write(answer)
	}), func() string { return w.form(w.assertion(nil)).Encode() })
}

func BenchmarkRow20Token(b *testing.B) {
	w := newWorld(b)
	benchPost(b, w.handler, func() string { return w.form(w.assertion(nil)).Encode() })
}
