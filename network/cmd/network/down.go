package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
)

// downLimit: everything stops within 2 s, and one that hangs is killed after its grace.
const downLimit = time.Minute

// stopped is the result of down.
type stopped struct {
	Stopped int        `json:"stopped"` // processes
	Seconds float64    `json:"seconds"`
	Lost    spv.Height `json:"lost"` // blocks of the regtest chain that ended with its nodes
	Wiped   bool       `json:"wiped"`
}

func (s stopped) Text() string {
	if s.Stopped == 0 {
		return "nothing runs"
	}
	text := fmt.Sprintf("%d processes stopped in %.1f s", s.Stopped, s.Seconds)
	if s.Lost > 0 && !s.Wiped {
		text += fmt.Sprintf("\nthe regtest chain of %d blocks ended with them, so this ledger can take no "+
			"payment any more: `make up` starts over", s.Lost)
	}
	return text
}

func downCommand() *command.Command {
	var o folder
	var wipe bool
	return &command.Command{
		Name: "down", Short: "stops everything.", Example: "network down",
		Flags: func(f *command.Flags) {
			o.flags(f)
			f.BoolVar(&wipe, "wipe", false, "remove the network's folder, ledger included")
		},
		Run: func(ctx context.Context, _ *command.Call) (command.Result, error) { return down(ctx, o, wipe) },
	}
}

func down(ctx context.Context, o folder, wipe bool) (command.Result, error) {
	began := time.Now()
	done := stopped{Wiped: wipe, Lost: chainHeight(ctx, o)}
	// a second Ctrl-C must not leave half of it running
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downLimit)
	defer cancel()
	client := node.Dial(play.Layout{Dir: o.dir}.Socket())
	list, err := client.List(ctx)
	switch {
	case errors.Is(err, node.ErrDown):
	case err != nil:
		return nil, err
	default:
		if err := client.Down(ctx); err != nil {
			return nil, err
		}
		done.Stopped = len(list)
	}
	done.Seconds = time.Since(began).Seconds()
	if wipe {
		return done, play.Wipe(o.dir)
	}
	return done, nil
}

// chainHeight is the height of the chain that stopping everything loses; 0 when none was mined or nothing can
// be asked.
func chainHeight(ctx context.Context, o folder) spv.Height {
	n, err := play.Open(o.dir, process.Programs{}, play.Config{})
	if err != nil {
		return 0
	}
	return n.ChainHeight(ctx)
}

// controlled is the result of stop, start, restart and kill.
type controlled struct {
	Done      string        `json:"done"` // the command
	Processes []node.Status `json:"processes"`
	Seconds   float64       `json:"seconds"`
}

func (c controlled) Text() string {
	done := map[string]string{
		"stop": "stopped; start it again with `network start`", "start": "ready", "restart": "ready again",
		"kill": "killed, started again and ready",
	}[c.Done]
	var names []string
	for _, p := range c.Processes {
		names = append(names, p.Name)
	}
	return fmt.Sprintf("%s: %s (%.1f s)", strings.Join(names, ", "), done, c.Seconds)
}

// controlCommand is one of stop, start, restart and kill.
func controlCommand(verb, short, example string) *command.Command {
	var o folder
	limit := play.StartLimit
	return &command.Command{
		Name: verb, Args: "SELECTOR...", Short: short,
		Guide:   "A SELECTOR is a process (peer.operator), a class (peer), a partner (@operator) or all.",
		Example: "network " + verb + " " + example,
		Flags: func(f *command.Flags) {
			o.flags(f)
			if verb != "stop" {
				f.DurationVar(&limit, "limit", limit, "`TIME` how long to wait until processes are ready")
			}
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			n, err := o.opened(call)
			if err != nil {
				return nil, err
			}
			began := time.Now()
			list, err := control(ctx, n, verb, limit, call.Args)
			if err != nil {
				return nil, err
			}
			return controlled{Done: verb, Processes: list, Seconds: time.Since(began).Seconds()}, nil
		},
	}
}

func control(ctx context.Context, n *play.Network, verb string, limit time.Duration,
	selectors []string,
) ([]node.Status, error) {
	switch verb {
	case "stop":
		return n.Stop(ctx, selectors...)
	case "start":
		return n.Start(ctx, limit, selectors...)
	case "restart":
		return n.Restart(ctx, limit, selectors...)
	default:
		return n.Kill(ctx, limit, selectors...)
	}
}
