package signed

import (
	"crypto/sha256"
	"sync"
)

// Verifier checks files under one bundle and remembers the certificates it has judged. It is safe for
// concurrent use.
type Verifier struct {
	bundle   Bundle
	id       string
	partners map[string]*partner

	mu        sync.Mutex
	known     map[[sha256.Size]byte]*endorser       // by hash of the SerializedIdentity
	manifests map[[sha256.Size]byte]checkedManifest // manifests whose ids were recomputed
}

// NewVerifier parses the bundle's certificates and revocation lists once.
func NewVerifier(bundle *Bundle) (*Verifier, error) {
	if err := bundle.check(); err != nil {
		return nil, ErrBundle.With(err.Error())
	}
	v := &Verifier{
		bundle: *bundle, id: bundle.ID(), partners: map[string]*partner{},
		known: map[[sha256.Size]byte]*endorser{}, manifests: map[[sha256.Size]byte]checkedManifest{},
	}
	for _, bp := range bundle.Partners {
		p, err := newPartner(bp)
		if err != nil {
			return nil, ErrBundle.With(bp.MSP + ": " + err.Error())
		}
		v.partners[bp.MSP] = p
	}
	return v, nil
}
