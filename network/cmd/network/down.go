package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
)

// downLimit: everything stops within 2 s, and one that hangs is killed after its grace.
const downLimit = time.Minute

func down(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("down", out)
	wipe := o.set.Bool("wipe", false, "remove the network's folder, ledger included")
	if err := o.parse(args); err != nil {
		return err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downLimit) // a second Ctrl-C must not leave half of it running
	defer cancel()
	client := node.Dial(play.Layout{Dir: o.dir}.Socket())
	list, err := client.List(ctx)
	switch {
	case errors.Is(err, node.ErrDown):
		say(out, "nothing runs\n")
	case err != nil:
		return err
	default:
		if err := client.Down(ctx); err != nil {
			return err
		}
		say(out, "%d processes stopped in %.1f s\n", len(list), time.Since(began).Seconds())
	}
	if *wipe {
		return play.Wipe(o.dir)
	}
	return nil
}

func control(ctx context.Context, verb string, args []string, out io.Writer) error {
	o := newOptions(verb, out)
	if err := o.parse(args); err != nil {
		return err
	}
	selectors := o.set.Args()
	if len(selectors) == 0 {
		return fmt.Errorf("%w: which process? a name, a class, @partner or all", errUsage)
	}
	client := node.Dial(play.Layout{Dir: o.dir}.Socket())
	do := map[string]func(context.Context, ...string) error{
		"stop": client.Stop, "start": client.Start, "restart": client.Restart, "kill": client.Kill,
	}[verb]
	if err := do(ctx, selectors...); err != nil {
		return err
	}
	if verb == "stop" {
		return nil
	}
	return client.Await(ctx, selectors...)
}
