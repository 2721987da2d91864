package play

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/network/topology"
)

// Errors that a caller can act on.
var (
	ErrState  = errors.New("network folder")
	ErrTool   = errors.New("foreign program missing")
	ErrFabric = errors.New("fabric refused")
)

// State is what a network must remember between runs: addresses stand in the genesis block, party ids in certificates.
type State struct {
	Version   int                `json:"version"`
	Base      int                `json:"base"` // first port of the block
	Topology  topology.Topology  `json:"topology"`
	Parties   map[string]string  `json:"parties"` // "<partner>/<identity>" to party id
	Channels  []string           `json:"channels"`
	Chaincode topology.Installed `json:"chaincode"`
	MineTo    string             `json:"mine_to,omitempty"` // Bitcoin address of the nodes' blocks
	Complete  bool               `json:"complete"`          // channel and chaincode stand
}

func readState(l Layout) (State, error) {
	var s State
	raw, err := os.ReadFile(l.state())
	if err != nil {
		return s, fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("%w: %s: %w", ErrState, l.state(), err)
	}
	if s.Version != 1 {
		return s, fmt.Errorf("%w: %s: version %d, this program knows 1", ErrState, l.state(), s.Version)
	}
	return s, nil
}

func (s State) write(l Layout) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return put(l.state(), raw)
}

// giveParty gives an identity its random id under its home (T1), once.
func (s *State) giveParty(p topology.Partner, name string) {
	slot := p.Name + "/" + name
	if _, ok := s.Parties[slot]; !ok {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
		s.Parties[slot] = p.MSP + "." + hex.EncodeToString(b[:])
	}
}

// secret makes a password for a file of mode 0600.
func secret() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return hex.EncodeToString(b[:])
}
