package signed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// maxManifests bounds the cache of manifests: a machine holds a few thousand licenses at most.
const maxManifests = 4096

// checkedManifest is a manifest of which everything was recomputed once.
type checkedManifest struct {
	dataset    string
	version    int
	custodians []string
}

// checkManifest demands that the bytes are the licensed manifest, and that its dataset id commits to the
// licensor and to the custodian set by which the file was judged: so forgers can't name themselves (T6).
func (v *Verifier) checkManifest(doc []byte, hash, id string, version int, custodians []string) error {
	sum := sha256.Sum256(doc)
	if got := hex.EncodeToString(sum[:]); got != hash {
		return ErrManifest.Field("hash", got, hash)
	}
	v.mu.Lock()
	m, ok := v.manifests[sum]
	v.mu.Unlock()
	if !ok {
		var err error
		if m, err = readManifest(doc); err != nil {
			return ErrManifest.With(err.Error())
		}
		v.mu.Lock()
		if len(v.manifests) >= maxManifests {
			clear(v.manifests)
		}
		v.manifests[sum] = m
		v.mu.Unlock()
	}
	if m.dataset != id || m.version != version || !slices.Equal(m.custodians, custodians) {
		return ErrManifest.With("dataset, version or custodians, expected those of the license")
	}
	return nil
}

func readManifest(doc []byte) (checkedManifest, error) {
	var m dataset.Manifest
	if err := decodeCanonical(doc, &m); err != nil {
		return checkedManifest{}, err
	}
	if dataset.ID(m.Licensor, m.Custodians, m.Salt) != m.Dataset {
		return checkedManifest{}, errors.New("dataset, expected the hash of licensor, custodians and salt")
	}
	return checkedManifest{dataset: m.Dataset, version: m.Version, custodians: m.Custodians}, nil
}
