package auth

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// ErrUnknownMachine means that the ledger has no such machine.
var ErrUnknownMachine = errors.New("the ledger has no machine with this id and a sign-in key")

// Evaluate reads from the ledger. Where the ledger rejects a call, the error holds its *ledger.Refusal.
type Evaluate func(ctx context.Context, function string, args ...string) ([]byte, error)

// How long a look-up is kept. A record never changes today; a later version may block machines. An unknown
// machine may be registered within a second.
const (
	knownFor    = time.Minute
	unknownFor  = time.Second
	maxMachines = 10_000
	maxLookups  = 16 // at once: invented ids must not become load on the peers
)

// Machines finds machines' token keys on the ledger.
type Machines struct {
	evaluate Evaluate
	now      func() time.Time
	lookups  chan struct{}

	mu     sync.Mutex
	cached map[string]found
}

type found struct {
	key   *ecdsa.PublicKey // nil = unknown
	until time.Time
}

// NewMachines makes an empty cache over the ledger.
func NewMachines(evaluate Evaluate, now func() time.Time) *Machines {
	return &Machines{
		evaluate: evaluate, now: now, lookups: make(chan struct{}, maxLookups),
		cached: map[string]found{},
	}
}

// Key returns a machine's token key.
func (m *Machines) Key(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	if ledger.CheckID(id) != nil {
		return nil, ErrUnknownMachine
	}
	m.mu.Lock()
	f, ok := m.cached[id]
	m.mu.Unlock()
	if !ok || m.now().After(f.until) {
		var err error
		if f, err = m.look(ctx, id); err != nil {
			return nil, err
		}
	}
	if f.key == nil {
		return nil, ErrUnknownMachine
	}
	return f.key, nil
}

func (m *Machines) look(ctx context.Context, id string) (found, error) {
	select {
	case m.lookups <- struct{}{}:
		defer func() { <-m.lookups }()
	case <-ctx.Done():
		return found{}, ctx.Err()
	}
	doc, err := m.evaluate(ctx, "machines:Get", id)
	var refusal *ledger.Refusal
	f := found{until: m.now().Add(unknownFor)}
	switch {
	case err == nil:
		if f.key, err = tokenKey(id, doc); err != nil {
			return found{}, err
		}
		f.until = m.now().Add(knownFor)
	case errors.As(err, &refusal) && refusal.Kind == ledger.NotFound:
	default:
		return found{}, fmt.Errorf("look up machine: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.cached) >= maxMachines {
		clear(m.cached)
	}
	m.cached[id] = f
	return f, nil
}

// tokenKey reads the key that the machine's AK certified when it was registered.
func tokenKey(id string, doc []byte) (*ecdsa.PublicKey, error) {
	var record machine.Machine
	if err := json.Unmarshal(doc, &record); err != nil {
		return nil, fmt.Errorf("ledger's machine: %w", err)
	}
	raw, err := ledger.Base64(record.Token)
	if err != nil || record.ID != id {
		return nil, fmt.Errorf("ledger's machine %s: token key or id unreadable", id)
	}
	public, err := tpmpolicy.ParseToken(raw)
	if err != nil {
		return nil, fmt.Errorf("ledger's machine %s: token key: %w", id, err)
	}
	return public.Key()
}
