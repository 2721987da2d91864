package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

func up(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("up", out)
	file := o.set.String("topology", "", "description of the consortium; default: the four partners (`network topology` prints it)")
	consensus := o.set.String("consensus", "", "bft or raft instead of what the description says")
	tools := o.set.String("tools", "build/tools", "folder of peer, orderer, configtxgen, fabric-ca-server, btcd")
	code := o.set.String("chaincode", "build/bin/chaincode", "the chaincode's binary")
	mine := o.set.String("mine-to", "", "Bitcoin regtest address that mined blocks pay")
	fresh := o.set.Bool("fresh", false, "start over: removes the ledger from before")
	product := o.set.Bool("services", false, "also what acts for the partners, as `network services` does")
	if err := o.parse(args); err != nil {
		return err
	}
	t, err := description(*file, *consensus)
	if err != nil {
		return err
	}
	programs, err := programs(*tools, *code)
	if err != nil {
		return err
	}
	began := time.Now()
	report := func(step string) { say(out, "%6.1f s  %s\n", time.Since(began).Seconds(), step) }
	n, err := play.Launch(ctx, play.Options{
		Dir: o.dir, Programs: programs, Topology: t, Fresh: *fresh, Config: play.Config{Report: report, MineTo: *mine},
	})
	if errors.Is(err, play.ErrRunning) {
		return alreadyUp(ctx, o.dir, *fresh, *product, out)
	}
	if err != nil {
		return err
	}
	if old, err := n.Outdated(); err == nil && old {
		say(out, "note: the chaincode built now differs from the one this ledger runs; `network down` and `network up --fresh` start over with it\n")
	}
	if *product {
		if err := raise(ctx, n, out); err != nil {
			return err
		}
	}
	say(out, "up in %.1f s; clients read %s\n", time.Since(began).Seconds(), n.Layout().Connection())
	if !*product {
		say(out, "next: `network services` starts heartbeats, oracles, custodians, the registrar, the authorization server and the gateway\n")
	}
	return nil
}

func alreadyUp(ctx context.Context, dir string, fresh, product bool, out io.Writer) error {
	if fresh {
		return fmt.Errorf("%w: `network down` first", play.ErrRunning)
	}
	say(out, "it is up already\n")
	if product {
		if err := raiseServices(ctx, []string{"--dir", dir}, out); err != nil {
			return err
		}
	}
	return status(ctx, []string{"--dir", dir}, out)
}

// servicesLimit: they are ready within seconds; one that can't start must not make `up` wait for ever.
const servicesLimit = 2 * time.Minute

// raise starts the product's services on a network just made. If it fails nothing stays up, as with the network itself.
func raise(ctx context.Context, n *play.Network, out io.Writer) error {
	rising, giveUp := context.WithTimeout(ctx, servicesLimit)
	defer giveUp()
	err := raiseServices(rising, []string{"--dir", n.Layout().Dir}, out)
	if err == nil {
		return nil
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), downLimit)
	defer cancel()
	return errors.Join(err, n.Control().Down(stop))
}

func description(file, consensus string) (topology.Topology, error) {
	t, err := topology.Default()
	if file != "" {
		t, err = topology.Read(file)
	}
	if err != nil {
		return t, err
	}
	if consensus != "" {
		t.Consensus = topology.Consensus(consensus)
	}
	return t, t.Validate()
}

func programs(tools, code string) (process.Programs, error) {
	self, err := os.Executable()
	if err != nil {
		return process.Programs{}, fmt.Errorf("own path: %w", err)
	}
	p := process.Programs{Network: self}
	if p.Tools, err = filepath.Abs(tools); err != nil {
		return p, fmt.Errorf("tools: %w", err)
	}
	if p.Chaincode, err = filepath.Abs(code); err != nil {
		return p, fmt.Errorf("chaincode: %w", err)
	}
	return p, nil
}

func printTopology(_ context.Context, args []string, out io.Writer) error {
	o := newOptions("topology", out)
	if err := o.parse(args); err != nil {
		return err
	}
	_, err := out.Write(topology.DefaultText())
	return err
}
