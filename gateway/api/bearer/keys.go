package bearer

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// Key is one published key of the issuer.
type Key struct {
	ID     string
	Public *ecdsa.PublicKey
}

// Bounds of fetching. For an unknown key id the issuer is asked at most once in refetch, so that invented ids
// cause no load. Known keys are fetched again after maxAge, so that a withdrawn one is no longer accepted.
const (
	refetch = 5 * time.Second
	maxAge  = 5 * time.Minute
	maxJWKS = 64 << 10
)

// Keys is the issuer's key set, cached.
type Keys struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu      sync.RWMutex
	keys    map[string]*Key
	fetched time.Time // last good answer
	fetch   sync.Mutex
	asked   time.Time // last attempt; guarded by fetch
}

// NewKeys makes an empty set. The JWKS URL is asked when a key is first needed.
func NewKeys(url string, client *http.Client, now func() time.Time) *Keys {
	return &Keys{url: url, client: client, now: now, keys: map[string]*Key{}}
}

// Get finds a key, and fetches the set where the key is unknown or the set too old. It returns ErrKey for a
// key that the issuer does not publish and ErrKeys when the issuer does not answer.
func (k *Keys) Get(ctx context.Context, id string) (*Key, error) {
	key, fresh := k.look(id)
	if key != nil && fresh {
		return key, nil
	}
	answered := k.refresh(ctx)
	key, fresh = k.look(id)
	switch {
	case key != nil && (fresh || !answered):
		// While the issuer is down, keys that are known stay good.
		return key, nil
	case !answered:
		return nil, ErrKeys
	}
	return nil, ErrKey.With(clip(id))
}

// Holds reports whether the very key is still in the cached set.
func (k *Keys) Holds(key *Key) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return key != nil && k.keys[key.ID] == key && k.now().Sub(k.fetched) < maxAge
}

func (k *Keys) look(id string) (key *Key, fresh bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[id], k.now().Sub(k.fetched) < maxAge
}

// refresh fetches the set, one request at a time and at most once in refetch. It reports whether the issuer
// answered, or where it was asked within refetch, whether it answered then.
func (k *Keys) refresh(ctx context.Context) bool {
	k.fetch.Lock()
	defer k.fetch.Unlock()
	if !k.asked.IsZero() && k.now().Sub(k.asked) < refetch {
		return !k.fetched.Before(k.asked)
	}
	k.asked = k.now()
	set, err := k.download(ctx)
	if err != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, key := range set { // the same key stays the same pointer: remembered tokens stay good
		if old := k.keys[id]; old != nil && old.Public.Equal(key.Public) {
			set[id] = old
		}
	}
	k.keys, k.fetched = set, k.asked
	return true
}

func (k *Keys) download(ctx context.Context) (map[string]*Key, error) {
	// All waiting requests use the result, so the end of this one must not cancel it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refetch)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, fmt.Errorf("issuer's keys: %w", err)
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("issuer's keys: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("issuer's keys: status %d", resp.StatusCode)
	}
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxJWKS)).Decode(&set); err != nil {
		return nil, fmt.Errorf("issuer's keys: %w", err)
	}
	keys := map[string]*Key{}
	for _, jwk := range set.Keys {
		pub, ok := jwk.Key.(*ecdsa.PublicKey)
		if !ok || pub.Curve != elliptic.P256() || jwk.KeyID == "" || !jwk.Valid() {
			continue // not a key that may sign tokens
		}
		keys[jwk.KeyID] = &Key{ID: jwk.KeyID, Public: pub}
	}
	return keys, nil
}

func clip(s string) string { return s[:min(len(s), 80)] }
