package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/guildmark/guildmark/network/topology"
	"github.com/guildmark/guildmark/tests/stage"
)

// world is what the steps share: the running network, and what earlier steps made.
type world struct {
	*stage.Stage

	breakAt string
	report  Report

	machine, thief *stage.Box // the one that buys, and the one that its files are copied to
	offer          string
	license        string
	order          string
	envelope       []byte // of the recipe; another licensor copies its wraps (liftWraps)
	loot           loot
}

func newWorld(root, dir, breakAt string) (*world, error) {
	names := []string{""}
	for _, c := range story() {
		names = append(names, c.name)
	}
	if !slices.Contains(names, breakAt) {
		return nil, fmt.Errorf("no step %q to break; steps are %v", breakAt, names[1:])
	}
	s, err := stage.New(root, dir, os.Stdout)
	if err != nil {
		return nil, err
	}
	w := &world{Stage: s, breakAt: breakAt, report: Report{Refusals: []Attack{}, Versions: map[string]string{}}}
	w.report.Sale.Accruals = map[string]int64{}
	return w, nil
}

// timeout bounds how long a step waits for other processes: two minutes, or 15 seconds in the step that BREAK
// makes fail.
func (w *world) timeout(step string) time.Duration {
	if w.breakAt == step {
		return 15 * time.Second
	}
	return 2 * time.Minute
}

// printAddresses says where a network that was kept can be reached, and how all of it is stopped.
func (w *world) printAddresses(out io.Writer) {
	printf(out, "\nEverything still runs:\n  gateway               https://%s\n  authorization server  "+
		"https://%s\n  everything else       %s\n",
		w.Conn.Ports.Address("gateway"), w.Conn.Ports.Address("auth"), w.ConnectionFile())
	for _, b := range []*stage.Box{w.machine, w.thief} {
		if b != nil {
			printf(out, "  machine %-13s build/bin/machine licenses --config %s\n", b.Name, b.Config)
		}
	}
	printf(out, "  stop it with          build/bin/network down --dir %s\n", w.Net())
}

// onChannel is the same network seen from another channel.
func (w *world) onChannel(name string) topology.Connection {
	c := w.Conn
	c.Channel = name
	return c
}
