package play

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// ErrState means that the network's folder holds something that can't be used, or that the network has no
// such part; the text behind it names it. Start over with `network up --fresh`, or name another folder or
// partner.
var ErrState = errors.New("network folder")

// State is what a network must keep between runs: its addresses are part of the genesis block.
type State struct {
	Version   int                `json:"version"`
	Base      int                `json:"base"`     // first port of the block
	Topology  topology.Topology  `json:"topology"` // as it was founded; identities added since stand in the homes
	Channels  []string           `json:"channels"`
	Chaincode topology.Installed `json:"chaincode"`
	MineTo    string             `json:"mine_to,omitempty"` // Bitcoin address of the nodes' blocks
	Complete  bool               `json:"complete"`          // channel and chaincode stand
}

// stateVersion is of state.json; a program reads its own only.
const stateVersion = 2

func readState(l Layout) (State, error) {
	var s State
	raw, err := os.ReadFile(l.state())
	if err != nil {
		return s, fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("%w: %s: %w", ErrState, l.state(), err)
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("%w: %s has version %d, expected %d; `network up --fresh` starts over", ErrState,
			l.state(), s.Version, stateVersion)
	}
	return s, nil
}

func (s State) write(l Layout) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return home.Put(l.state(), append(raw, '\n'))
}
