package topology

import (
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Decode reads a description strictly, see [ledger.Decode], and validates it.
func Decode(raw []byte) (Topology, error) {
	var t Topology
	if err := ledger.Decode(raw, &t); err != nil {
		return Topology{}, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	if err := t.Validate(); err != nil {
		return Topology{}, err
	}
	return t, nil
}
