// Package keyfile keeps a partner's secrets in files that only their owner can read, made at first use: key seeds,
// signing keys, and small state that must survive kill -9.
//
// It refuses a secret in a file that others can read, and never overwrites a secret.
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
	"os"
	"path/filepath"
)

// ErrExposed refuses a secret file that group or others can read: whoever made it so has to change the secret.
var ErrExposed = errors.New("the secret's file can be read by others; it must have mode 0600")

// ErrForm refuses a file that doesn't hold the secret that it should.
var ErrForm = errors.New("the file does not hold the secret it is named for")

// Seed reads size secret bytes, or draws them at first use.
func Seed(path string, size int) ([]byte, error) {
	raw, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw = make([]byte, size)
		_, _ = rand.Read(raw) // never fails: crypto/rand
		err = Create(path, raw)
	}
	if err != nil {
		return nil, err
	}
	if len(raw) != size {
		return nil, fmt.Errorf("read %s: %w: %d bytes instead of %d", path, ErrForm, len(raw), size)
	}
	return raw, nil
}

// Signer reads a P-256 key (PKCS #8, PEM), or makes one at first use.
func Signer(path string) (*ecdsa.PrivateKey, error) {
	raw, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = newSigner(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("read %s: %w", path, ErrForm)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, ErrForm)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("read %s: %w: not a P-256 key", path, ErrForm)
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
	return raw, Create(path, raw)
}

// Read reads a secret file and refuses one that others can read.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read %s: %w", path, ErrExposed)
	}
	raw := make([]byte, info.Size())
	if _, err := f.ReadAt(raw, 0); err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	return raw, nil
}

// Create puts a file in place whole or not at all, and never over another: then the error is fs.ErrExist.
func Create(path string, raw []byte) error {
	tmp, err := temporary(path, raw)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp) }() // the link stays
	// A link fails when the name is taken; a rename would overwrite another process's secret.
	if err := os.Link(tmp, path); err != nil {
		return fmt.Errorf("keep secret: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// Replace puts a file in place in one step that survives kill -9 and power cuts: a reader sees the old bytes or the new.
func Replace(path string, raw []byte) error {
	tmp, err := temporary(path, raw)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(tmp))
	}
	return syncFolder(filepath.Dir(path))
}

func temporary(path string, raw []byte) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(raw); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return errors.Join(d.Sync(), d.Close())
}
