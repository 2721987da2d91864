package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/network/play"
)

// opened is the network in the folder, with progress told to out.
func opened(o *options, out io.Writer) (*play.Network, error) {
	programs, err := programs("build/tools", "build/bin/chaincode")
	if err != nil {
		return nil, err
	}
	n, err := play.Open(o.dir, programs, play.Config{Report: func(step string) { say(out, "%s\n", step) }})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no network in %s, its supervisor is down; `network up` makes one", o.dir)
	}
	return n, err
}

func channelAdd(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("channel add", out)
	tools := o.set.String("tools", "build/tools", "folder of configtxgen")
	if len(args) == 0 || args[0] != "add" {
		return fmt.Errorf("%w: channel add NAME", errUsage)
	}
	if err := o.parse(args[1:]); err != nil {
		return err
	}
	if o.set.NArg() != 1 {
		return fmt.Errorf("%w: channel add NAME", errUsage)
	}
	p, err := programs(*tools, "")
	if err != nil {
		return err
	}
	n, err := play.Open(o.dir, p, play.Config{Report: func(step string) { say(out, "%s\n", step) }})
	if err != nil {
		return err
	}
	return n.AddChannel(ctx, o.set.Arg(0))
}

func identityAdd(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("identity add", out)
	partner := o.set.String("partner", "", "whose CA enrolls")
	name := o.set.String("name", "", "of the identity")
	role := o.set.String("role", "", "attribute role of the certificate")
	if len(args) == 0 || args[0] != "add" {
		return fmt.Errorf("%w: identity add --partner P --name N --role R", errUsage)
	}
	if err := o.parse(args[1:]); err != nil {
		return err
	}
	n, err := opened(o, out)
	if err != nil {
		return err
	}
	id, err := n.AddIdentity(ctx, *partner, *name, *role)
	if err != nil {
		return err
	}
	say(out, "%s, party %s: %s\n", id.Name, id.Party, id.Certificate)
	return nil
}

func mineTo(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("mine-to", out)
	if err := o.parse(args); err != nil {
		return err
	}
	if o.set.NArg() != 1 {
		return fmt.Errorf("%w: mine-to ADDRESS", errUsage)
	}
	n, err := opened(o, out)
	if err != nil {
		return err
	}
	if err := n.MineTo(ctx, o.set.Arg(0)); err != nil {
		return err
	}
	say(out, "mined blocks pay %s from now on; next: `network mine 101` makes its first coin spendable\n", o.set.Arg(0))
	return nil
}

func mine(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("mine", out)
	if err := o.parse(args); err != nil {
		return err
	}
	blocks, err := strconv.ParseUint(o.set.Arg(0), 10, 32)
	if err != nil || o.set.NArg() != 1 {
		return fmt.Errorf("%w: mine BLOCKS, a number such as 3", errUsage)
	}
	n, err := opened(o, out)
	if err != nil {
		return err
	}
	height, err := n.Mine(ctx, uint32(blocks))
	if err != nil {
		return err
	}
	say(out, "%d blocks mined; the regtest chain has %d\n", blocks, height)
	return nil
}

func fund(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("fund", out)
	amount := o.set.Int64("amount", 1_000_000, "satoshi to pay")
	if err := o.parse(args); err != nil {
		return err
	}
	if o.set.NArg() != 1 {
		return fmt.Errorf("%w: fund [--amount SATOSHI] ADDRESS", errUsage)
	}
	n, err := opened(o, out)
	if err != nil {
		return err
	}
	paid, err := n.Fund(ctx, o.set.Arg(0), ledger.Satoshi(*amount))
	if err != nil {
		return err
	}
	say(out, "%d sat for %s in block %d, transaction %s\n", paid.Amount, paid.Address, paid.Height, paid.TxID)
	return nil
}

func machineAdd(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("machine add", out)
	owner := o.set.String("owner", "buyer1", "name of the buyer's identity in connection.json who owns the machine")
	bin := o.set.String("programs", "build/bin", "folder of the product's programs")
	if len(args) == 0 || args[0] != "add" {
		return fmt.Errorf("%w: machine add NAME", errUsage)
	}
	if err := o.parse(args[1:]); err != nil {
		return err
	}
	if o.set.NArg() != 1 {
		return fmt.Errorf("%w: machine add [--owner BUYER] NAME", errUsage)
	}
	n, err := opened(o, out)
	if err != nil {
		return err
	}
	programs, err := filepath.Abs(*bin)
	if err != nil {
		return fmt.Errorf("programs: %w", err)
	}
	m, err := n.AddMachine(ctx, o.set.Arg(0), *owner, programs)
	if err != nil {
		return err
	}
	say(out, `machine %s has a TPM emulator (process %s) and belongs to %s, party %s
next:
  %s/machine enroll --config %s --code-file %s
  %s/machine wallet --config %s address      then: network fund ADDRESS
  %s/machine offers --config %s
`, m.Name, m.TPM, *owner, m.Owner, *bin, m.Config, m.Code, *bin, m.Config, *bin, m.Config)
	return nil
}
