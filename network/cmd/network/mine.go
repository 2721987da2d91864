package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/network/play"
)

// mined is the result of mine.
type mined struct {
	Blocks uint32     `json:"blocks"`
	Height spv.Height `json:"height"`
}

func (m mined) Text() string {
	return fmt.Sprintf("%s mined; the regtest chain has %s", command.Count(int(m.Blocks), "block"),
		command.Number(int64(m.Height)))
}

func mineCommand() *command.Command {
	var o folder
	return &command.Command{
		Name: "mine", Args: "BLOCKS", Short: "adds blocks to the regtest chain, whose coins pay the play's faucet.",
		Example: "network mine 3", Flags: o.flags,
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			blocks, err := strconv.ParseUint(call.Args[0], 10, 32)
			if err != nil {
				return nil, command.Usage("mine %s: a number of blocks is expected, such as 3", call.Args[0])
			}
			n, err := o.opened(call)
			if err != nil {
				return nil, err
			}
			height, err := n.Mine(ctx, uint32(blocks))
			if err != nil {
				return nil, err
			}
			return mined{Blocks: uint32(blocks), Height: height}, nil
		},
	}
}

// funded is the result of fund.
type funded struct{ play.Funded }

func (f funded) Text() string {
	return fmt.Sprintf("%s for %s in block %d, transaction %s", command.Satoshi(f.Amount), f.Address, f.Height,
		f.TxID)
}

func fundCommand() *command.Command {
	var o folder
	var amount int64
	return &command.Command{
		Name: "fund", Args: "ADDRESS", Short: "pays an address from the play's faucet, with one block on top.",
		Example: "network fund $(machine wallet address)",
		Flags: func(f *command.Flags) {
			o.flags(f)
			f.Int64Var(&amount, "amount", 1_000_000, "`SAT` satoshi to pay")
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			n, err := o.opened(call)
			if err != nil {
				return nil, err
			}
			paid, err := n.Fund(ctx, call.Args[0], ledger.Satoshi(amount))
			if err != nil {
				return nil, err
			}
			return funded{paid}, nil
		},
	}
}

// minedTo is the result of mine-to.
type minedTo struct {
	Address string `json:"address"`
}

func (m minedTo) Text() string {
	return fmt.Sprintf("mined blocks pay %s from now on; next: `network mine 101` makes its first coin "+
		"spendable", m.Address)
}

func mineToCommand() *command.Command {
	var o folder
	return &command.Command{
		Name: "mine-to", Args: "ADDRESS",
		Short:   "lets mined blocks pay this address instead; the nodes are restarted, one after another.",
		Example: "network mine-to $(machine wallet address)", Flags: o.flags,
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			n, err := o.opened(call)
			if err != nil {
				return nil, err
			}
			if err := n.MineTo(ctx, call.Args[0]); err != nil {
				return nil, err
			}
			return minedTo{call.Args[0]}, nil
		},
	}
}
