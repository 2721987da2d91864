package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
)

// status is the result of status.
type status struct {
	play.Status

	now time.Time
}

func statusCommand() *command.Command {
	var o folder
	return &command.Command{
		Name: "status", Short: "shows who runs, the gateway's address, heights, and the first certificate to end.",
		Example: "network status", Flags: o.flags,
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			s, err := statusOf(ctx, call, o)
			if err != nil {
				return nil, err
			}
			return s, nil
		},
	}
}

func statusOf(ctx context.Context, call *command.Call, o folder) (*status, error) {
	n, err := o.open(call, process.Programs{})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s, err := n.Status(ctx, now)
	return &status{Status: s, now: now}, err
}

// Text lists the processes by partner, then channels, Bitcoin and certificates.
func (s *status) Text() string {
	var b strings.Builder
	printStatus(&b, s.Status, s.now)
	return b.String()
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
		say(out, "  gateway               %s\n  authorization server  %s\n  roots of both         %s\n",
			s.Gateway.URL, s.Auth.URL, s.Gateway.Roots)
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
	return fmt.Sprintf("%s (in %d days), %s (%s)", command.Day(c.End), c.Days, c.Name, c.Partner)
}

// say writes a line into a text.
func say(out io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(out, format, args...) // into memory
}
