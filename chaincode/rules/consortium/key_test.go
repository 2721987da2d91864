package consortium_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

func spki(t *testing.T, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PublicKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &k.PublicKey
}

func TestSigningKey(t *testing.T) {
	key := newKey(t, elliptic.P256())
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := spki(t, key)
	for _, c := range []struct {
		name string
		text string
		want error
	}{
		{"a P-256 key", good, nil},
		{"none", "", consortium.ErrRecipient},
		{"not base64", "!" + good[1:], consortium.ErrRecipient},
		{"base64 in another form", good + "\n", consortium.ErrRecipient},
		{"bytes after the key", spki(t, key)[:len(good)-4] + "AAAA", consortium.ErrRecipient},
		{"bytes that are no key", "AAAA", consortium.ErrRecipient},
		{"another curve", spki(t, newKey(t, elliptic.P384())), consortium.ErrRecipient},
		{"another algorithm", spki(t, edwards), consortium.ErrRecipient},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := consortium.Recipient{ID: "AMSP.0123456789abcdef", GrantKey: c.text}.SigningKey()
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want == nil && !key.Equal(got) {
				t.Errorf("got another key")
			}
		})
	}
}
