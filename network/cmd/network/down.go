package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
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
	lost := chainHeight(ctx, o)
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
		if lost > 0 && !*wipe {
			say(out, "the regtest chain of %d blocks ended with them, so this ledger can take no payment any more: `make up` starts over\n", lost)
		}
	}
	if *wipe {
		return play.Wipe(o.dir)
	}
	return nil
}

// chainHeight is the height of the chain that stopping everything loses; 0 when none was mined or nothing can be asked.
func chainHeight(ctx context.Context, o *options) spv.Height {
	n, err := play.Open(o.dir, process.Programs{}, play.Config{})
	if err != nil {
		return 0
	}
	return n.ChainHeight(ctx)
}

func control(ctx context.Context, verb string, args []string, out io.Writer) error {
	o := newOptions(verb, out)
	limit := o.set.Duration("limit", play.StartLimit, "how long to wait until processes are ready")
	if err := o.parse(args); err != nil {
		return err
	}
	selectors := o.set.Args()
	if len(selectors) == 0 {
		return fmt.Errorf("%w: which process? a name, a class, @partner or all", errUsage)
	}
	n, err := opened(o, out)
	if err != nil {
		return err
	}
	began := time.Now()
	var list []node.Status
	switch verb {
	case "stop":
		list, err = n.Stop(ctx, selectors...)
	case "start":
		list, err = n.Start(ctx, *limit, selectors...)
	case "restart":
		list, err = n.Restart(ctx, *limit, selectors...)
	default:
		list, err = n.Kill(ctx, *limit, selectors...)
	}
	if err != nil {
		return err
	}
	say(out, "%s\n", outcome(verb, list, time.Since(began)))
	return nil
}

// outcome is the one line that tells what a command did.
func outcome(verb string, list []node.Status, took time.Duration) string {
	done := map[string]string{
		"stop": "stopped; start it again with `network start`", "start": "ready", "restart": "ready again", "kill": "killed, started again and ready",
	}[verb]
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	return fmt.Sprintf("%s: %s (%.1f s)", strings.Join(names, ", "), done, took.Seconds())
}
