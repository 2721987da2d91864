package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Rotation. The newest key signs. The newest two are published, so that tokens of the key before stay valid
// for their five minutes, and the gateway meets a new key id once a rotation.
const (
	published = 2
	keyAge    = 30 * 24 * time.Hour
)

const keysFormat = "guildmark/auth-keys/1"

type keysFile struct {
	Format string    `json:"format"`
	Keys   []keyFile `json:"keys"` // oldest first
}

type keyFile struct {
	ID      string `json:"id"`
	Created int64  `json:"created"` // Unix seconds
	Key     []byte `json:"key"`     // PKCS #8
}

// signingKey is one key. It is an op.SigningKey; publicKey is the op.Key for it.
type signingKey struct {
	id      string
	created time.Time
	private *ecdsa.PrivateKey
}

// ID is the key id in tokens and JWKS.
func (k signingKey) ID() string { return k.id }

// SignatureAlgorithm is always ES256.
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }

// Key is the private key, for the signer only.
func (k signingKey) Key() any { return k.private }

// publicKey is a key as the JWKS shows it.
type publicKey struct{ signingKey }

// Algorithm is always ES256.
func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }

// Use is signing.
func (k publicKey) Use() string { return "sig" }

// Key is the public key.
func (k publicKey) Key() any { return k.private.Public() }

// Keys are the server's signing keys, in one private file.
type Keys struct {
	path string
	now  func() time.Time

	mu   sync.RWMutex
	keys []signingKey // oldest first, at most published
	read time.Time    // the file's time of change when it was read
}

// OpenKeys reads the file. Where there is none it makes one with a first key.
func OpenKeys(path string, now func() time.Time) (*Keys, error) {
	k := &Keys{path: path, now: now}
	err := k.reload()
	if errors.Is(err, fs.ErrNotExist) {
		err = k.Rotate()
	}
	return k, err
}

// Rotate makes a new key, which signs from now on, and drops all but the one before.
func (k *Keys) Rotate() error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	spki, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	keys := append(slices.Clip(k.keys), signingKey{
		id:      ledger.Hash("guildmark/auth-key/1", string(spki))[:16],
		created: k.now(), private: private,
	})
	keys = keys[max(0, len(keys)-published):]
	if err := k.store(keys); err != nil {
		return err
	}
	k.keys = keys
	return nil
}

// Maintain reads the file again when another process has rotated, and rotates when the newest key is older
// than keyAge.
func (k *Keys) Maintain() error {
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	k.mu.RLock()
	changed, newest := !info.ModTime().Equal(k.read), k.keys[len(k.keys)-1]
	k.mu.RUnlock()
	if changed {
		return k.reload()
	}
	if k.now().Sub(newest.created) > keyAge {
		return k.Rotate()
	}
	return nil
}

// newest is the key that signs.
func (k *Keys) newest() signingKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[len(k.keys)-1]
}

// all are the keys that are published.
func (k *Keys) all() []signingKey {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys
}

func (k *Keys) reload() error {
	info, err := os.Stat(k.path) // before the bytes: a change in between is seen the next time
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	raw, err := host.ReadPrivate(k.path)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	keys, err := parseKeys(raw)
	if err != nil {
		return fmt.Errorf("signing keys %s: %w", k.path, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.read = keys, info.ModTime()
	return nil
}

// parseKeys reads the file's bytes. Its errors quote none of them, since they hold secrets.
func parseKeys(raw []byte) ([]signingKey, error) {
	var file keysFile
	if err := ledger.DecodeCanonical(raw, &file); err != nil {
		return nil, errors.New("expected a canonical JSON document of the format " + keysFormat)
	}
	if file.Format != keysFormat || len(file.Keys) == 0 || len(file.Keys) > published {
		return nil, errors.New("expected format " + keysFormat + " with one or two keys")
	}
	var keys []signingKey
	for _, f := range file.Keys {
		key, err := x509.ParsePKCS8PrivateKey(f.Key)
		private, ok := key.(*ecdsa.PrivateKey)
		if err != nil || !ok || private.Curve != elliptic.P256() || f.ID == "" {
			return nil, errors.New("expected P-256 keys in PKCS #8, each with an id")
		}
		keys = append(keys, signingKey{id: f.ID, created: time.Unix(f.Created, 0), private: private})
	}
	return keys, nil
}

// store replaces the file in one step, see host.Replace.
func (k *Keys) store(keys []signingKey) error {
	file := keysFile{Format: keysFormat}
	for _, key := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(key.private)
		if err != nil {
			return fmt.Errorf("signing keys: %w", err)
		}
		file.Keys = append(file.Keys, keyFile{ID: key.id, Created: key.created.Unix(), Key: der})
	}
	if err := host.Replace(k.path, ledger.Encode(file), host.Private); err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	info, err := os.Stat(k.path)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	k.read = info.ModTime()
	return nil
}
