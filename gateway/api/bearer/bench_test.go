package bearer

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Row 19 of tests/bench/README.md: token verify ÷ raw P-256 verify, cold <= 1.15, from memory <= 0.05, and
// flat from 1,000 to 100,000 tokens. Floor and product run in turn: compare the three of one run.

func benchVerifier(b *testing.B, n int) (*Verifier, *ecdsa.PrivateKey, []string) {
	b.Helper()
	key := newKey(b)
	i := &issuerOf{keys: []jose.JSONWebKey{jwk("a", key)}}
	v := New(issuer, gateway, NewKeys(issuer+"/keys", &http.Client{Transport: i}, time.Now), time.Now)
	tokens := make([]string, n)
	for j := range tokens {
		tokens[j] = token(b, key, "a", time.Hour)
	}
	return v, key, tokens
}

func BenchmarkRow19Floor(b *testing.B) {
	key := newKey(b)
	message := make([]byte, 500) // the signed part of a token
	digest := sha256.Sum256(message)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		digest := sha256.Sum256(message)
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			b.Fatal("bad signature")
		}
	}
}

func BenchmarkRow19Cold(b *testing.B) {
	v, _, tokens := benchVerifier(b, 1)
	for b.Loop() {
		if _, err := v.check(b.Context(), tokens[0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRow19Cached(b *testing.B)     { benchCached(b, 1_000) }
func BenchmarkRow19Cached10k(b *testing.B)  { benchCached(b, 10_000) }
func BenchmarkRow19Cached100k(b *testing.B) { benchCached(b, 100_000) }

func benchCached(b *testing.B, n int) {
	b.Helper()
	v, _, tokens := benchVerifier(b, n)
	for _, t := range tokens {
		if _, err := v.Verify(b.Context(), t); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	for b.Loop() {
		if _, err := v.Verify(b.Context(), tokens[i%n]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
