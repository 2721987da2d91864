package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/partner/oracle"
)

// ErrChain means that a command would lose the regtest chain, or that it is lost: btcd begins a new chain
// when no running node has the old one, and the ledger can't follow the new one. Keep one node running, or
// start over with `make up`.
var ErrChain = errors.New("the regtest chain")

// askLimit bounds one question to a Bitcoin node on this computer, which answers within milliseconds.
const askLimit = 3 * time.Second

// openNode connects to the Bitcoin node of a home.
func openNode(h *home.Home) (*rpc.Node, error) {
	return rpc.Open(rpc.Config{
		RPC: h.Address("btcd"), Certificate: h.BitcoinCertificate(), Credentials: h.BitcoinCredentials(),
		Network: h.Topology.Bitcoin.Network,
	})
}

// bitcoinHomes are the partners that run a Bitcoin node.
func (n *Network) bitcoinHomes() []*home.Home {
	var list []*home.Home
	for _, h := range n.homes {
		if h.Topology.HasBitcoin(h.Partner.Name) {
			list = append(list, h)
		}
	}
	return list
}

// heightOf is the height of a partner's node; 0 when it does not answer.
func heightOf(ctx context.Context, h *home.Home) spv.Height {
	node, err := openNode(h)
	if err != nil {
		return 0
	}
	defer node.Close()
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	best, err := node.Best(ctx)
	if err != nil {
		return 0
	}
	return best
}

// ChainHeight is the height of the regtest chain that the running nodes have; 0 when none runs, or none was mined.
func (n *Network) ChainHeight(ctx context.Context) spv.Height {
	var highest spv.Height
	for _, h := range n.bitcoinHomes() {
		highest = max(highest, heightOf(ctx, h))
	}
	return highest
}

// keepsChain refuses to stop the last nodes that have a chain.
func (n *Network) keepsChain(ctx context.Context, list []node.Status, selectors []string) error {
	var stopping []string
	for _, p := range list {
		if p.Class != "btcd" || p.PID == 0 {
			continue
		}
		if !slices.ContainsFunc(selectors, p.Matches) {
			return nil // this node keeps it
		}
		stopping = append(stopping, p.Name)
	}
	height := n.ChainHeight(ctx)
	if len(stopping) == 0 || height == 0 {
		return nil
	}
	return fmt.Errorf("%w of %d blocks would be lost with %s: btcd keeps it only while one node runs, and "+
		"the ledger can't follow a new one; "+
		"leave one node running (`network stop @auditor @licensors`, `network stop peer`), or start over "+
		"with `make up`",
		ErrChain, height, strings.Join(stopping, " and "))
}

// checkChain compares the chain that the ledger knows with the one that the nodes have.
func (n *Network) checkChain(ctx context.Context) error {
	for _, h := range n.bitcoinHomes() {
		known, err := oracle.Known(ctx, n.layout.Connection(), h.Identity("oracle"), n.state.Topology.Channel)
		if err != nil {
			return nil //nolint:nilerr // another chaincode than the product's, or one that follows no chain yet: nothing can be lost
		}
		if have := heightOf(ctx, h); have < known {
			return fmt.Errorf("%w is lost: the ledger knows %d blocks, %s has %d, since btcd begins anew "+
				"when all nodes were stopped; "+
				"this ledger can take no payment any more: start over with `make up` or `network up --fresh`",
				ErrChain, known, "btcd."+h.Partner.Name, have)
		}
	}
	return nil
}

// restartNodes restarts the Bitcoin nodes one after another, so that each finds the chain at the other again.
func (n *Network) restartNodes(ctx context.Context) error {
	height := n.ChainHeight(ctx)
	for _, h := range n.bitcoinHomes() {
		name := "btcd." + h.Partner.Name
		if err := n.control.Restart(ctx, name); err != nil {
			return err
		}
		if err := n.await(ctx, patience, name); err != nil {
			return err
		}
		if err := awaitHeight(ctx, h, height); err != nil {
			return err
		}
	}
	return nil
}

// awaitHeight waits until a node has fetched the chain.
func awaitHeight(ctx context.Context, h *home.Home, height spv.Height) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		have := heightOf(ctx, h)
		if have >= height {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: btcd.%s has %d of %d blocks: %w", ErrChain, h.Partner.Name, have, height,
				ctx.Err())
		case <-tick.C:
		}
	}
}
