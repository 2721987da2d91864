package consortium

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

var errNotP256 = errors.New("the key is not an ECDSA key on P-256")

// PublicKey reads a public key that a document carries as base64 SPKI (DER): P-256 alone, base64 in its one
// form.
func PublicKey(spki string) (*ecdsa.PublicKey, error) {
	der, err := ledger.Base64(spki)
	if err != nil {
		return nil, fmt.Errorf("read a public key: %w", err)
	}
	return ParsePublicKey(der)
}

// ParsePublicKey is [PublicKey] for a key that is kept as bytes.
func ParsePublicKey(der []byte) (*ecdsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("read a public key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errNotP256
	}
	return key, nil
}

// SigningKey is the key by which a custodian signs the limits of meters (T15).
func (r Recipient) SigningKey() (*ecdsa.PublicKey, error) {
	key, err := PublicKey(r.GrantKey)
	if err != nil {
		return nil, ErrRecipient.With("grantKey of " + r.ID + ", expected base64 SPKI of a P-256 key: " + err.Error())
	}
	return key, nil
}
