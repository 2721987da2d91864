package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/purchase"
	"github.com/guildmark/guildmark/machine/wallet"
	"github.com/guildmark/guildmark/machine/wallet/btcd"
)

// errNoWallet means that the configuration names no Bitcoin node. Name one under `bitcoin`, or pay by phone.
var errNoWallet = ledger.Refuse(ledger.NotFound, "machine.no_wallet",
	"the configuration names no Bitcoin node: set bitcoin.rpc, certificate, credentials and network")

// purse is the machine's wallet with the node that it asks; empty when the command needs none or none is configured.
type purse struct {
	wallet *wallet.Wallet
	chain  *btcd.Chain
}

// openPurse opens the wallet for a command that needs it.
func openPurse(config agent.Config, needed bool) (*purse, error) {
	c := config.Bitcoin
	if !needed || c.RPC == "" {
		return &purse{}, nil
	}
	w, err := wallet.Open(config.State+"/wallet", c.Network)
	if err != nil {
		return nil, fmt.Errorf("wallet: %w", err)
	}
	chain, err := btcd.Open(btcd.Config{
		Config:   rpc.Config{RPC: c.RPC, Certificate: c.Certificate, Credentials: c.Credentials, Network: c.Network},
		Birthday: c.Birthday,
	})
	if err != nil {
		return nil, errors.Join(agent.ErrConfig.With(err.Error()), w.Close())
	}
	return &purse{wallet: w, chain: chain}, nil
}

func (p *purse) close() error {
	if p.wallet == nil {
		return nil
	}
	p.chain.Close()
	return p.wallet.Close()
}

// Pay pays an order once; see wallet.Pay.
func (p *purse) Pay(ctx context.Context, reference string, script []byte, amount ledger.Satoshi) (string, error) {
	hash, err := p.wallet.Pay(ctx, p.chain, wallet.Payment{Order: reference, Script: script, Amount: amount})
	if err != nil {
		return "", err
	}
	return hash.String(), nil
}

// Depth is how deep a payment of this wallet lies; see purchase.Watcher.
func (p *purse) Depth(ctx context.Context, txid string) (purchase.Depth, error) {
	id, err := chainhash.NewHashFromStr(txid)
	if err != nil {
		return purchase.Depth{}, err
	}
	if _, err := p.wallet.Balance(ctx, p.chain); err != nil { // reads the blocks since
		return purchase.Depth{}, err
	}
	var d purchase.Depth
	d.Confirmations, d.Block = p.chain.Depth(*id)
	return d, nil
}

type purseState struct {
	Network string          `json:"network"`
	Address string          `json:"address"`
	Balance *ledger.Satoshi `json:"balance,omitempty"`
}

func (p purseState) Text() string {
	if p.Balance == nil {
		return p.Address
	}
	return command.Satoshi(*p.Balance)
}

func walletCommand() *command.Command {
	s := settings{wallet: true}
	return &command.Command{
		Name: "wallet", Args: "[address|balance]",
		Short:   "shows where to send coins to this machine, or what it can spend.",
		Example: "machine wallet balance", Flags: s.flags,
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			switch what := strings.Join(t.call.Args, ""); what {
			case "", "address":
				return t.purse.show(ctx, t.config.Bitcoin.Network, false)
			case "balance":
				return t.purse.show(ctx, t.config.Bitcoin.Network, true)
			default:
				return nil, command.Usage("address or balance is expected, got %q", what)
			}
		}),
	}
}

// show gives the first address, and if asked what the node says the wallet could spend.
func (p *purse) show(ctx context.Context, network string, balance bool) (command.Result, error) {
	if p.wallet == nil {
		return nil, errNoWallet
	}
	address, err := p.wallet.Address(0)
	if err != nil {
		return nil, err
	}
	state := purseState{Network: network, Address: address}
	if balance {
		sum, err := p.wallet.Balance(ctx, p.chain)
		if err != nil {
			return nil, err
		}
		state.Balance = &sum
	}
	return state, nil
}

func (p *purse) check(ctx context.Context) agent.Check {
	c := agent.Check{Name: "wallet", OK: true, Detail: "none configured: payment requests are shown for phones"}
	if p.wallet == nil {
		return c
	}
	balance, err := p.wallet.Balance(ctx, p.chain)
	if err != nil {
		return agent.Check{
			Name: "wallet", Detail: err.Error(),
			Todo: "is the node up, and are rpc, certificate and credentials its own?",
		}
	}
	c.Detail = command.Satoshi(balance) + " to spend"
	return c
}
