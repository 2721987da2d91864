package sealed

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/minio/sio"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// PackageSize is the plaintext of one DARE 2.0 package: what a reader gets to see at a time, and what it
// needs as buffer.
const PackageSize = 64 << 10

// Key is a content key. It never prints itself.
type Key [32]byte

// String hides the key from logs.
func (Key) String() string { return "key(hidden)" }

// GoString hides the key from %#v.
func (Key) GoString() string { return "sealed.Key(hidden)" }

// Format hides the key from every other verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// Wipe overwrites the key.
func (k *Key) Wipe() { clear(k[:]) }

// contentKey is HKDF-SHA256(runtime share || license share, no salt, dataset and version); RFC 5869.
func contentKey(datasetID string, version int, runtime, license Share) (Key, error) {
	secret := make([]byte, 0, 2*ShareSize)
	secret = append(append(secret, runtime[:]...), license[:]...)
	defer clear(secret)
	raw, err := hkdf.Key(sha256.New, secret, nil, "guildmark/content/1|"+datasetID+"|"+strconv.Itoa(version),
		len(Key{}))
	if err != nil {
		return Key{}, fmt.Errorf("derive the content key: %w", err)
	}
	defer clear(raw)
	return Key(raw), nil
}

// dare is DARE 2.0 with AES-256-GCM and nothing else: no older version, no other cipher.
func dare(key *Key, random io.Reader) sio.Config {
	return sio.Config{
		MinVersion: sio.Version20, MaxVersion: sio.Version20, CipherSuites: []byte{sio.AES_256_GCM},
		Key: key[:], Rand: random,
	}
}

// sealBody encrypts src to dst and returns how many plain bytes there were.
func sealBody(dst io.Writer, src io.Reader, key *Key, random io.Reader) (int64, error) {
	plain := &counter{src: src}
	if _, err := sio.Encrypt(dst, plain, dare(key, random)); err != nil {
		return plain.n, fmt.Errorf("seal the body: %w", err)
	}
	if plain.n == 0 {
		return 0, ErrEmpty
	}
	return plain.n, nil
}

type counter struct {
	src io.Reader
	n   int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n += int64(n)
	return n, err
}

// Body reads the plaintext of a sealed body as it streams in. Each byte it returns belongs to a package that
// was authenticated as a whole; after [ErrBody] it returns nothing more. The body is complete only when Read
// says io.EOF.
type Body struct {
	plain io.Reader
	left  int64 // plain bytes still to come, by the manifest
	err   error // sticks
}

func openBody(src io.Reader, key *Key, size int64) (*Body, error) {
	plain, err := sio.DecryptReader(src, dare(key, nil))
	if err != nil {
		return nil, ErrKey.With("the content key")
	}
	return &Body{plain: plain, left: size}, nil
}

// Read implements io.Reader; a buffer of PackageSize or more saves a copy.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	n, err := b.plain.Read(p)
	b.left -= int64(n)
	switch {
	case b.left < 0:
		n, b.err = 0, ErrBody.With("more bytes than the manifest says")
	case err == nil:
	case errors.Is(err, io.EOF) && b.left > 0:
		b.err = ErrBody.With("fewer bytes than the manifest says")
	case errors.Is(err, io.EOF):
		b.err = io.EOF
	case isDARE(err):
		b.err = ErrBody.With(err.Error())
	default:
		b.err = fmt.Errorf("read the sealed body: %w", err)
	}
	return n, b.err
}

// WriteTo implements io.WriterTo with a buffer of one package, so that io.Copy takes the fast way.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	buf := make([]byte, PackageSize)
	defer clear(buf)
	var total int64
	for {
		n, err := b.Read(buf)
		if n > 0 {
			m, werr := w.Write(buf[:n])
			total += int64(m)
			if werr != nil {
				return total, fmt.Errorf("write the opened body: %w", werr)
			}
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// isDARE tells a refusal of the format from an error of the source below it.
func isDARE(err error) bool {
	var e sio.Error
	return errors.As(err, &e)
}

// CheckBody reads a sealed body to its end and refuses one that is not the manifest's. A machine asks this
// before it spends a use on the body.
func CheckBody(body io.Reader, m dataset.Manifest) error {
	h := sha256.New()
	size, err := io.Copy(h, body)
	sum := hex.EncodeToString(h.Sum(nil))
	switch {
	case err != nil:
		return fmt.Errorf("read the sealed body: %w", err)
	case size != m.BodySize || sum != m.BodyHash:
		return ErrOtherBody.With(fmt.Sprintf("%d bytes, %s", size, sum))
	}
	return nil
}
