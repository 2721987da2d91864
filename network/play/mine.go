package play

import (
	"context"
	"fmt"
	"regexp"

	"github.com/guildmark/guildmark/network/process"
)

// MineTo lets the Bitcoin nodes' mined blocks pay an address; btcd takes it only at start, so the nodes are restarted on
// their data.
func (n *Network) MineTo(ctx context.Context, address string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9]{14,90}$`).MatchString(address) { // it goes into a configuration file
		return fmt.Errorf("%w: %q isn't a Bitcoin address", ErrState, address)
	}
	n.state.MineTo = address
	for _, h := range n.homes {
		if _, err := process.Bitcoin(h, n.programs, address); err != nil { // writes the configuration anew
			return err
		}
	}
	if err := n.state.write(n.layout); err != nil {
		return err
	}
	if err := n.control.Restart(ctx, "btcd"); err != nil {
		return err
	}
	return process.Await(ctx, n.control, n.layout.Logs(), patience, "btcd")
}
