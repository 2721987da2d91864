package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

// joined is the result of channel add.
type joined struct {
	Channel string `json:"channel"`
}

func (j joined) Text() string { return "channel " + j.Channel + " is joined by all partners" }

func channelAddCommand() *command.Command {
	var o folder
	var tools string
	return &command.Command{
		Name: "add", Args: "NAME", Short: "makes another channel of the same partners with the same chaincode.",
		Example: "network channel add shadow",
		Flags: func(f *command.Flags) {
			o.flags(f)
			f.StringVar(&tools, "tools", "build/tools", "`DIR` folder of configtxgen")
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			p, err := programs(tools, "")
			if err != nil {
				return nil, err
			}
			n, err := o.open(call, p)
			if err != nil {
				return nil, err
			}
			if err := n.AddChannel(ctx, call.Args[0]); err != nil {
				return nil, err
			}
			return joined{call.Args[0]}, nil
		},
	}
}

// enrolled is the result of identity add.
type enrolled struct{ topology.Enrolled }

func (e enrolled) Text() string {
	return fmt.Sprintf("%s, party %s: %s", e.Name, e.Party, e.Certificate)
}

func identityAddCommand() *command.Command {
	var o folder
	var partner, name, role string
	return &command.Command{
		Name: "add", Short: "enrolls somebody new at a partner's CA.",
		Example: "network identity add --partner operator --name buyer9 --role buyer",
		Flags: func(f *command.Flags) {
			f.StringVar(&partner, "partner", "", "`NAME` partner whose CA enrolls")
			f.StringVar(&name, "name", "", "`NAME` name of the identity")
			f.Need("partner", "name")
			f.StringVar(&role, "role", "", "`ROLE` role on the ledger, such as buyer or licensor; default: none")
			o.flags(f)
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			n, err := o.opened(call)
			if err != nil {
				return nil, err
			}
			id, err := n.AddIdentity(ctx, partner, name, role)
			if err != nil {
				return nil, err
			}
			return enrolled{id}, nil
		},
	}
}

// added is the result of machine add.
type added struct {
	play.Machine

	owner, bin string
}

func (a added) Text() string {
	return fmt.Sprintf(`machine %s has a TPM emulator (process %s) and belongs to %s, party %s
next:
  %[5]s/machine enroll --config %[6]s --code-file %[7]s
  %[5]s/machine wallet --config %[6]s address      then: network fund ADDRESS
  %[5]s/guildmark offers                           then: machine buy --offer OFFER
`, a.Name, a.TPM, a.owner, a.Owner, a.bin, a.Config, a.Code)
}

func machineAddCommand() *command.Command {
	var o folder
	var owner, bin string
	return &command.Command{
		Name: "add", Args: "NAME", Short: "makes a machine: TPM emulator, enrollment code and machine.json.",
		Example: "network machine add mixer1",
		Flags: func(f *command.Flags) {
			o.flags(f)
			f.StringVar(&owner, "owner", "buyer1",
				"`NAME` buyer who owns the machine: an identity of the connection file")
			f.StringVar(&bin, "programs", defaultPrograms, "`DIR` folder of the product's programs")
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			n, err := o.opened(call)
			if err != nil {
				return nil, err
			}
			programs, err := filepath.Abs(bin)
			if err != nil {
				return nil, fmt.Errorf("programs: %w", err)
			}
			m, err := n.AddMachine(ctx, call.Args[0], owner, programs)
			if err != nil {
				return nil, err
			}
			return added{Machine: m, owner: owner, bin: bin}, nil
		},
	}
}
