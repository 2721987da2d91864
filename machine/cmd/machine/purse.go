package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/wallet"
	"github.com/guildmark/guildmark/machine/wallet/btcd"
)

// errNoWallet says that the configuration names no Bitcoin node.
var errNoWallet = ledger.Refuse(ledger.NotFound, "machine.no_wallet", "the configuration names no Bitcoin node: set bitcoin.rpc, certificate, credentials and network")

// purse is the machine's wallet with the node that it asks; empty when the command needs none or none is configured.
type purse struct {
	wallet *wallet.Wallet
	chain  *btcd.Chain
}

// openPurse opens the wallet for the commands that use it: offline use touches neither its keys nor the node.
func (t *task) openPurse() (*purse, error) {
	c := t.config.Bitcoin
	needs := t.name == "buy" || t.name == "sync" || t.name == "wallet" || t.name == "doctor"
	if !needs || c.RPC == "" {
		return &purse{}, nil
	}
	w, err := wallet.Open(t.config.State+"/wallet", c.Network)
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

type purseState struct {
	Network string          `json:"network"`
	Address string          `json:"address"`
	Balance *ledger.Satoshi `json:"balance,omitempty"`
}

func (p purseState) text() string {
	if p.Balance == nil {
		return p.Address + "\n"
	}
	return fmt.Sprintf("%s\n", *p.Balance)
}

// showWallet prints the first address, or what the node says the wallet could spend.
func showWallet(ctx context.Context, t *task) (any, error) {
	what := t.flags.Arg(0)
	if what != "" && what != "address" && what != "balance" {
		return nil, fmt.Errorf("%w: machine wallet address or balance", errUsage)
	}
	if t.purse.wallet == nil {
		return nil, errNoWallet
	}
	address, err := t.purse.wallet.Address(0)
	if err != nil {
		return nil, err
	}
	state := purseState{Network: t.config.Bitcoin.Network, Address: address}
	if what == "balance" {
		balance, err := t.purse.wallet.Balance(ctx, t.purse.chain)
		if err != nil {
			return nil, err
		}
		state.Balance = &balance
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
		return agent.Check{Name: "wallet", Detail: err.Error(), Todo: "is the node up, and are rpc, certificate and credentials its own?"}
	}
	c.Detail = balance.String() + " to spend"
	return c
}
