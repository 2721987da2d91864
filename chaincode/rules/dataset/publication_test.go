package dataset_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// TestPublishRequest: a licensor's own key, which its party pins, must have signed the manifest's exact
// bytes.
func TestPublishRequest(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m, caller, homes := manifest(3)
	raw := ledger.Encode(m)
	digest := sha256.Sum256(raw)
	der, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	good := dataset.PublishRequest{Manifest: b64(raw), Signature: b64(der), Envelope: strings.Repeat("1", 64)}
	for _, c := range []struct {
		name   string
		change func(*dataset.PublishRequest)
		key    crypto.PublicKey
		want   error
	}{
		{"good", func(*dataset.PublishRequest) {}, &key.PublicKey, nil},
		{"by another key", func(*dataset.PublishRequest) {}, &stranger.PublicKey, dataset.ErrSignature},
		{"by a key of another kind", func(*dataset.PublishRequest) {}, edwards, dataset.ErrSignature},
		{"by no key", func(*dataset.PublishRequest) {}, nil, dataset.ErrSignature},
		{
			"a signature that is not base64", func(r *dataset.PublishRequest) { r.Signature += "\n" },
			&key.PublicKey, dataset.ErrSignature,
		},
		{
			"a signature over something else", func(r *dataset.PublishRequest) { r.Signature = b64(raw) },
			&key.PublicKey, dataset.ErrSignature,
		},
		{"no envelope", func(r *dataset.PublishRequest) { r.Envelope = "" }, &key.PublicKey, dataset.ErrEnvelope},
		{
			"a manifest that is not base64", func(r *dataset.PublishRequest) { r.Manifest += "!" }, &key.PublicKey,
			dataset.ErrManifest,
		},
		{
			"a manifest that is not canonical",
			func(r *dataset.PublishRequest) { r.Manifest = b64(append([]byte(" "), raw...)) }, &key.PublicKey,
			ledger.ErrNotCanonical,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := good
			c.change(&r)
			read, bytes, err := r.ReadManifest()
			if err == nil {
				err = r.Check(&read, bytes, caller, c.key, homes)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	p := good.Publication(m, raw, 7)
	if p.Manifest != ledger.Digest(raw) || p.Licensor != m.Licensor || p.Epoch != 7 ||
		p.Signature != good.Signature || p.Envelope != good.Envelope {
		t.Errorf("got %+v", p)
	}
	if err := p.CheckOwner(m.Licensor); err != nil {
		t.Error(err)
	}
	if err := p.CheckOwner(dataset.Licensor{
		MSP:   m.Licensor.MSP,
		Party: "Licensors.ffffffffffffffff",
	}); !errors.Is(err, dataset.ErrForeign) {
		t.Errorf("another licensor: got %v", err)
	}
}

func TestVersionsFollowOneAnother(t *testing.T) {
	for _, c := range []struct {
		name      string
		version   int
		published bool
		want      error
	}{
		{"the first", 1, false, nil},
		{"the second after the first", 2, true, nil},
		{"the second before the first", 2, false, dataset.ErrVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := dataset.Manifest{Version: c.version}
			if err := m.CheckBefore(c.published); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
