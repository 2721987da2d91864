package services

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/guildmark/guildmark/chaincode/spv"
)

// seedSize is the length of a cosigner's BIP-32 seed in bytes.
const seedSize = 32

// writePrivate writes a file that only its owner reads, whole or not at all.
func writePrivate(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make %s: %w", filepath.Dir(path), err)
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(tmp, path)
}

// bundleKey gives a partner's long-lived bundle key (T9), made at first use.
func bundleKey(path string) (*ecdsa.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newBundleKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read bundle key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("read bundle key %s: not PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read bundle key %s: %w", path, err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read bundle key %s: not an EC key", path)
	}
	return ec, nil
}

func newBundleKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make bundle key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode bundle key: %w", err)
	}
	return key, writePrivate(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// publicKey is the base64 SubjectPublicKeyInfo that configuration and bundle hold.
func publicKey(key *ecdsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("encode public key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

// cosignerKey gives the extended public key of a partner's treasury seed, made at first use (BIP-32).
func cosignerKey(path, network string) (string, error) {
	seed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed = make([]byte, seedSize)
		rand.Read(seed) // never fails: crypto/rand ends the program instead
		err = writePrivate(path, seed)
	}
	if err != nil {
		return "", fmt.Errorf("treasury seed: %w", err)
	}
	params := spv.Params(network)
	if params == nil {
		return "", fmt.Errorf("treasury seed: unknown Bitcoin network %q", network)
	}
	master, err := hdkeychain.NewMaster(seed, params)
	if err != nil {
		return "", fmt.Errorf("treasury seed %s: %w", path, err)
	}
	public, err := master.Neuter()
	if err != nil {
		return "", fmt.Errorf("treasury seed %s: %w", path, err)
	}
	return public.String(), nil
}
