package play

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/network/partner/bitcoin"
	"github.com/guildmark/guildmark/network/process"
)

// MostBlocks is how many blocks one call mines at most.
const MostBlocks = 1000

// ripe is how many blocks make the first mined coin spendable (Bitcoin's rule: 100 on top of it).
const ripe = 101

// faucet opens the owner of the coins that the play's nodes mine. Its key belongs to no partner; regtest's
// coins are worth nothing.
func (n *Network) faucet() (*bitcoin.Faucet, error) {
	return bitcoin.OpenFaucet(filepath.Join(n.layout.Dir, "faucet.key"), n.state.Topology.Bitcoin.Network)
}

// MineTo sets the address that mined blocks pay. btcd reads it only at its start, so the nodes are restarted,
// one after another.
func (n *Network) MineTo(ctx context.Context, address string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9]{14,90}$`).MatchString(address) { // it goes into a configuration file
		return fmt.Errorf("%w: expected a Bitcoin address, got %q", ErrState, address)
	}
	n.state.MineTo = address
	for _, h := range n.bitcoinHomes() {
		if _, err := process.Bitcoin(h, n.programs, address); err != nil { // writes the configuration anew
			return err
		}
	}
	if err := n.state.write(n.layout); err != nil {
		return err
	}
	return n.restartNodes(ctx)
}

// Mine adds blocks to the regtest chain and returns its height.
func (n *Network) Mine(ctx context.Context, blocks uint32) (spv.Height, error) {
	if blocks < 1 || blocks > MostBlocks {
		return 0, fmt.Errorf("mine: expected 1 to %d blocks, got %d", MostBlocks, blocks)
	}
	node, err := n.anyNode(ctx)
	if err != nil {
		return 0, err
	}
	defer node.Close()
	if _, err := node.Generate(ctx, blocks); err != nil {
		return 0, fmt.Errorf("mine: %w", err)
	}
	return node.Best(ctx)
}

// anyNode connects to the first Bitcoin node that answers.
func (n *Network) anyNode(ctx context.Context) (*rpc.Node, error) {
	var errs []error
	for _, h := range n.bitcoinHomes() {
		node, err := openNode(h)
		if err == nil {
			asked, cancel := context.WithTimeout(ctx, askLimit)
			_, err = node.Best(asked)
			cancel()
			if err == nil {
				return node, nil
			}
			node.Close()
		}
		errs = append(errs, fmt.Errorf("btcd.%s: %w", h.Partner.Name, err))
	}
	return nil, fmt.Errorf("no Bitcoin node answers: %w", errors.Join(errs...))
}

// Funded is a payment of the play's faucet, with a block on top.
type Funded struct {
	Address string         `json:"address"`
	Amount  ledger.Satoshi `json:"amount"`
	TxID    string         `json:"txid"`
	Height  spv.Height     `json:"height"` // of the block that holds it
}

// Fund pays an address from the coins that the play's nodes mined, and mines what is needed for that: enough
// blocks to make a coin ripe where there is none, and one for the payment.
func (n *Network) Fund(ctx context.Context, address string, amount ledger.Satoshi) (Funded, error) {
	paid := Funded{Address: address, Amount: amount}
	script, err := payment.ScriptOf(address, n.state.Topology.Bitcoin.Network)
	if err != nil {
		return paid, err
	}
	faucet, err := n.faucet()
	if err != nil {
		return paid, err
	}
	node, err := n.anyNode(ctx)
	if err != nil {
		return paid, err
	}
	defer node.Close()
	tx, err := faucet.Pay(ctx, node, script, amount)
	if errors.Is(err, bitcoin.ErrEmpty) {
		if n.state.MineTo != faucet.Address() {
			return paid, fmt.Errorf("%w: mined blocks pay %s; `network mine-to %s` lets them pay the play's "+
				"faucet", err, n.state.MineTo, faucet.Address())
		}
		if _, err := node.Generate(ctx, ripe); err != nil {
			return paid, fmt.Errorf("mine: %w", err)
		}
		tx, err = faucet.Pay(ctx, node, script, amount)
	}
	if err != nil {
		return paid, err
	}
	if _, err := node.Generate(ctx, 1); err != nil {
		return paid, fmt.Errorf("mine: %w", err)
	}
	paid.TxID = tx.String()
	paid.Height, err = node.Best(ctx)
	return paid, err
}
