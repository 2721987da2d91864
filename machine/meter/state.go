package meter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/machine/tpm"
)

const stateFormat = "guildmark/meter/1"

var (
	errNoState = errors.New("the meter has no state file")
	errState   = errors.New("the meter's state file is damaged")
)

// State is what a meter keeps on disk between processes. It holds no secret: the halves are sealed to this TPM.
// An older copy gives no use back; the TPM rejects what does not fit its counters.
type State struct {
	Format     string       `json:"format"`
	Meter      []byte       `json:"meter"`
	Handle     uint32       `json:"handle"`
	Custodians [][]byte     `json:"custodians"` // SPKI, in the order of their MSPs
	Keys       tpm.Keys     `json:"keys"`
	Counter    uint64       `json:"counter"` // grant counter of the grant in force: the halves open above it
	Halves     []tpm.Sealed `json:"halves"`  // the one that burns a use, then the other; none = no grant
	Pending    *Pending     `json:"pending,omitempty"`
}

// Pending is a grant request that waits for its answer, and the answer once it is being applied.
type Pending struct {
	License string       `json:"license"`
	Session uint32       `json:"session"` // handle of the session in the TPM
	Nonce   []byte       `json:"nonce"`
	Counter uint64       `json:"counter"` // the grant counter when it was asked
	Limit   *int64       `json:"limit,omitempty"`
	Halves  []tpm.Sealed `json:"halves,omitempty"`
}

func readState(path string) (State, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, errNoState
	}
	if err != nil {
		return State{}, fmt.Errorf("read a meter's state: %w", err)
	}
	var s State
	if err := json.Unmarshal(b, &s); err != nil {
		return State{}, fmt.Errorf("%w: %w", errState, err)
	}
	if s.Format != stateFormat || len(s.Meter) != 32 || (len(s.Halves) != 0 && len(s.Halves) != 2) {
		return State{}, errState
	}
	return s, nil
}

// save replaces the state file in one step: a crash leaves the old one or the new one.
func (x *Meter) save() error {
	b, err := json.MarshalIndent(x.state, "", " ")
	if err != nil {
		return fmt.Errorf("encode a meter's state: %w", err)
	}
	if err := host.Replace(x.path, b, host.Private); err != nil {
		return fmt.Errorf("write a meter's state: %w", err)
	}
	return nil
}

func removeState(path string) error {
	if err := ignoreMissing(os.Remove(path)); err != nil {
		return fmt.Errorf("remove a meter's state: %w", err)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
