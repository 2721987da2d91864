// Package keyfile keeps a partner's secrets, key seeds and signing keys, in private files that it makes at
// first use.
//
// It rejects a file that others can read ([host.ErrExposed]) or that holds something else ([ErrForm]), and
// never overwrites one. Does not encrypt: whoever is root on the computer reads every secret.
package keyfile

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"

	"github.com/guildmark/guildmark/chaincode/host"
)

// ErrForm means that a file does not hold the kind of secret that its reader expected. Put the right file
// back; a new secret would be another key.
var ErrForm = errors.New("the file does not hold the expected secret")

// Seed reads a file of size secret bytes. Where there is none it draws them and creates the file.
func Seed(path string, size int) ([]byte, error) {
	raw, err := host.ReadPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw = make([]byte, size)
		_, _ = rand.Read(raw) // never fails: crypto/rand
		err = host.Create(path, raw)
	}
	if err != nil {
		return nil, err
	}
	if len(raw) != size {
		return nil, fmt.Errorf("read %s: %w: %d bytes, expected %d", path, ErrForm, len(raw), size)
	}
	return raw, nil
}

// Signer reads a P-256 key (PKCS #8 in PEM). Where there is no file it makes a key and creates the file.
func Signer(path string) (*ecdsa.PrivateKey, error) {
	raw, err := host.ReadPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = newSigner(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("read %s: %w: expected a PEM block PRIVATE KEY", path, ErrForm)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		// the cause could quote the key
		return nil, fmt.Errorf("read %s: %w: expected a key in PKCS #8", path, ErrForm)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("read %s: %w: expected a P-256 key", path, ErrForm)
	}
	return ec, nil
}

func newSigner(path string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a signing key: %w", err)
	}
	raw := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return raw, host.Create(path, raw)
}
