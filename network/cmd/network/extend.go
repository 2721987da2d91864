package main

import (
	"context"
	"fmt"
	"io"

	"github.com/guildmark/guildmark/network/play"
)

// opened is a running network with progress told to out.
func opened(o *options, out io.Writer) (*play.Network, error) {
	programs, err := programs("build/tools", "build/bin/chaincode")
	if err != nil {
		return nil, err
	}
	return play.Open(o.dir, programs, play.Config{Report: func(step string) { say(out, "%s\n", step) }})
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
	return n.MineTo(ctx, o.set.Arg(0))
}
