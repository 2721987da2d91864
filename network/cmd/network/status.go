package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
)

func status(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("status", out)
	format := o.set.String("output", "text", "text or json")
	if err := o.parse(args); err != nil {
		return err
	}
	n, err := play.Open(o.dir, process.Programs{}, play.Config{})
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no network in %s; `network up` makes one", o.dir)
	}
	if err != nil {
		return err
	}
	s, err := n.Status(ctx, time.Now())
	if err != nil {
		return err
	}
	switch *format {
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(s)
	case "text":
		printStatus(out, s, time.Now())
		return nil
	default:
		return fmt.Errorf("%w: output %q, known are text and json", errUsage, *format)
	}
}

func printStatus(out io.Writer, s play.Status, now time.Time) {
	if !s.Up {
		say(out, "The network in %s is down.\n", s.Directory)
	} else {
		say(out, "The network in %s is up, supervisor %d, consensus %s.\n", s.Directory, s.Supervisor, s.Consensus)
		printServers(out, s)
		for _, partner := range append(slices.Clone(s.Partners), "") {
			printProcesses(out, partner, s.Processes, now)
		}
		say(out, "\n")
	}
	for _, name := range s.Channels {
		var heights []string
		for peer, height := range s.Heights {
			if partner, ok := strings.CutSuffix(peer, "/"+name); ok {
				heights = append(heights, fmt.Sprintf("%s %d", partner, height))
			}
		}
		if len(heights) == 0 {
			continue
		}
		slices.Sort(heights)
		leader := s.Leader[name]
		if leader == "" {
			leader = "not known"
		}
		say(out, "Channel %s: blocks %s; leader %s.\n", name, strings.Join(heights, ", "), leader)
	}
	if s.Up {
		say(out, "Bitcoin (regtest): %d blocks.\n", s.Bitcoin)
	}
	printExpiries(out, s.Certificates)
}

// printServers tells where buyers and machines connect.
func printServers(out io.Writer, s play.Status) {
	switch {
	case s.Gateway == nil:
		say(out, "The gateway does not run; `network services` starts it and the other services.\n")
	case s.Auth != nil:
		say(out, "  gateway               %s\n  authorization server  %s\n  roots of both         %s\n", s.Gateway.URL, s.Auth.URL, s.Gateway.Roots)
	default:
		say(out, "  gateway               %s\n  its roots             %s\n", s.Gateway.URL, s.Gateway.Roots)
	}
}

// printProcesses lists the processes of one partner; those of no partner are the machines' TPM emulators.
func printProcesses(out io.Writer, partner string, all []node.Status, now time.Time) {
	title := partner
	if partner == "" {
		title = "machines"
	}
	first := true
	for _, p := range all {
		if p.Partner != partner {
			continue
		}
		if first {
			say(out, "\n%s\n", title)
		}
		first = false
		say(out, "%s\n", line(p, now))
	}
}

func line(p node.Status, now time.Time) string {
	pid := "-"
	if p.PID != 0 {
		pid = strconv.Itoa(p.PID)
	}
	text := fmt.Sprintf("  %-24s %-8s pid %-7s for %s", p.Name, p.State, pid, now.Sub(p.Since).Round(time.Second))
	if p.Restarts > 0 {
		text += fmt.Sprintf(", started again %d times, last %s", p.Restarts, p.LastExit)
	}
	return text
}

// printExpiries tells which certificate ends first, and each partner's first one where they end on other days.
func printExpiries(out io.Writer, all []play.Expiry) {
	if len(all) == 0 {
		return
	}
	first := slices.MinFunc(all, func(a, b play.Expiry) int { return a.End.Compare(b.End) })
	say(out, "Certificates: first to end: %s\n", expiry(first))
	for _, c := range all {
		if c.Partner != first.Partner && c.Days > first.Days {
			say(out, "              then          %s\n", expiry(c))
		}
	}
}

func expiry(c play.Expiry) string {
	return fmt.Sprintf("%s (in %d days), %s (%s)", c.End.Format(time.DateOnly), c.Days, c.Name, c.Partner)
}
