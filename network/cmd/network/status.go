package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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
		say(out, "The network in %s is up, supervisor %d, consensus %s.\n\n", s.Directory, s.Supervisor, s.Consensus)
		for _, p := range s.Processes {
			say(out, "%s\n", line(p, now))
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
	for _, c := range s.Certificates {
		say(out, "Certificates of %s are good for %d more days.\n", c.Partner, c.Days)
	}
}

func line(p node.Status, now time.Time) string {
	text := fmt.Sprintf("  %-24s %-8s pid %-7d for %s", p.Name, p.State, p.PID, now.Sub(p.Since).Round(time.Second))
	if p.Restarts > 0 {
		text += fmt.Sprintf(", started again %d times, last %s", p.Restarts, p.LastExit)
	}
	return text
}
