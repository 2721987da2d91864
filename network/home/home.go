package home

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/network/topology"
)

// ErrHome reports that a folder is not a partner's home, or one that another version of this program made.
var ErrHome = errors.New("partner's home")

// version is of partner.json; a program reads its own only.
const version = 1

// Home is one partner's folder with the contents of partner.json and topology.json. A Home is not safe for
// concurrent use.
type Home struct {
	Dir      string            // absolute
	Partner  topology.Partner  // whose home it is
	Topology topology.Topology // the newest that this partner has
	Ports    topology.Ports    // of all partners' processes
	record   record
}

// record is partner.json.
type record struct {
	Version int               `json:"version"`
	Partner string            `json:"partner"`
	Base    int               `json:"base"`    // first port of the block on which all partners listen
	Parties map[string]string `json:"parties"` // identity to party id
}

// Create makes the home of one of the topology's partners in an empty or missing folder.
func Create(dir, partner string, t topology.Topology, base int) (*Home, error) {
	h := &Home{Dir: dir, record: record{Version: version, Partner: partner, Base: base, Parties: map[string]string{}}}
	if _, err := os.Stat(h.recordFile()); err == nil {
		return nil, fmt.Errorf("%w: %s holds one already", ErrHome, dir)
	}
	if err := h.adopt(t); err != nil {
		return nil, err
	}
	for _, id := range h.Partner.Identities {
		h.giveParty(id.Name)
	}
	for _, folder := range []string{h.Public().Dir, h.Outbox().Dir, h.inbox(), h.Secrets()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("create a home: %w", err)
		}
	}
	return h, h.save()
}

// Open reads the home in a folder.
func Open(dir string) (*Home, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open a home: %w", err)
	}
	h := &Home{Dir: dir}
	raw, err := os.ReadFile(h.recordFile())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHome, err)
	}
	if err := json.Unmarshal(raw, &h.record); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrHome, h.recordFile(), err)
	}
	if h.record.Version != version {
		return nil, fmt.Errorf("%w: %s expected version %d, got %d", ErrHome, h.recordFile(), version,
			h.record.Version)
	}
	t, err := topology.Read(h.topologyFile())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHome, err)
	}
	return h, h.adopt(t)
}

// adopt sets the topology and finds the partner in it.
func (h *Home) adopt(t topology.Topology) error {
	p, ok := t.Partner(h.record.Partner)
	if !ok {
		return fmt.Errorf("%w: the topology has no partner %q", ErrHome, h.record.Partner)
	}
	h.Topology, h.Partner, h.Ports = t, p, t.Assign(h.record.Base)
	return nil
}

// Party is the party id of an identity of this home (T1), "" for one that there isn't.
func (h *Home) Party(identity string) string { return h.record.Parties[identity] }

// AddIdentity gives a new identity a party id of this home and stores both.
func (h *Home) AddIdentity(id topology.Identity) error {
	next, _, err := h.Topology.WithIdentity(h.Partner.Name, id)
	if err != nil {
		return err
	}
	if err := h.adopt(next); err != nil {
		return err
	}
	h.giveParty(id.Name)
	return h.save()
}

// giveParty draws an identity's id under this home (T1).
func (h *Home) giveParty(identity string) {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	h.record.Parties[identity] = h.Partner.MSP + "." + hex.EncodeToString(b[:])
}

func (h *Home) save() error {
	for path, document := range map[string]any{h.topologyFile(): h.Topology, h.recordFile(): h.record} {
		raw, err := json.MarshalIndent(document, "", "  ")
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		if err := Put(path, append(raw, '\n')); err != nil {
			return err
		}
	}
	return nil
}
