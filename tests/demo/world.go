package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"guildmark/chaincode/client"
	"guildmark/chaincode/ledger"
	"guildmark/machine/tpm/swtpm"
	"guildmark/network/node"
	"guildmark/network/partner/bitcoin"
	"guildmark/network/topology"
)

// world is everything the story touches: the folders, the running network, the Bitcoin node, the machines.
type world struct {
	root, dir, bin, tools string
	breakAt               string
	out                   io.Writer
	report                Report

	conn    topology.Connection
	control *node.Client
	bitcoin *bitcoin.Node
	faucet  *bitcoin.Faucet

	machine, thief *box // the one that buys, and the one that tries its files
	offer          string
	license        string
	order          string
	envelope       []byte // of the recipe, for the licensor who would lift its wraps
	proofs         evidence
	closers        []func() error
}

// box is a machine: a TPM emulator, a configuration and a state folder.
type box struct {
	name   string
	dir    string
	tpm    *swtpm.Simulator
	id     string
	config string
}

func (b *box) state() string { return filepath.Join(b.dir, "state") }

func newWorld(root, dir, breakAt string) (*world, error) {
	names := []string{""}
	for _, c := range story() {
		names = append(names, c.name)
	}
	if !slices.Contains(names, breakAt) {
		return nil, fmt.Errorf("no step %q to break; steps are %v", breakAt, names[1:])
	}
	for _, p := range []*string{&root, &dir} {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return nil, err
		}
		*p = abs
	}
	w := &world{
		root: root, dir: dir, bin: filepath.Join(root, "build/bin"), tools: filepath.Join(root, "build/tools"), breakAt: breakAt, out: os.Stdout,
		report: Report{Refusals: []Refusal{}, Versions: map[string]string{}},
	}
	w.report.Sale.Accruals = map[string]int64{}
	// What an earlier demo left is of no use to this one, but a network that it left running is not ours to kill silently.
	if c, err := topology.ReadConnection(w.connectionFile()); err == nil {
		if _, err := node.Dial(c.ControlSocket).PID(context.Background()); err == nil {
			return nil, fmt.Errorf("a demo still runs in %s: stop it with build/bin/network down --dir %s", dir, w.net())
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear the folder of the last demo: %w", err)
	}
	return w, os.MkdirAll(dir, 0o755)
}

func (w *world) net() string            { return filepath.Join(w.dir, "net") }
func (w *world) connectionFile() string { return filepath.Join(w.net(), "connection.json") }

func (w *world) identity(partner, name string) string {
	return filepath.Join(w.net(), partner, "identities", name)
}

// party is an identity's party id.
func (w *world) party(partner, name string) string {
	id, _ := w.conn.Identity(partner, name)
	return id.Party
}

// as connects to the ledger as one of a partner's identities; closed with the world.
func (w *world) as(partner, name string) (*client.Client, error) {
	c, err := client.Open(w.connectionFile(), w.identity(partner, name), client.Config{})
	if err != nil {
		return nil, fmt.Errorf("connect as %s of %s: %w", name, partner, err)
	}
	w.closers = append(w.closers, c.Close)
	return c, nil
}

// read evaluates a function as the operator's reader and decodes its document.
func (w *world) read(ctx context.Context, into any, function string, args ...string) error {
	c, err := w.as("operator", "reader")
	if err != nil {
		return err
	}
	raw, err := c.Evaluate(ctx, function, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	return json.Unmarshal(raw, into)
}

// mine adds blocks one by one while work runs, as miners somewhere do.
func (w *world) mine(ctx context.Context, work func(context.Context) error) error {
	mining, stop := context.WithCancel(ctx)
	var miners sync.WaitGroup
	miners.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-mining.Done():
				return
			case <-tick.C:
				_, _ = w.bitcoin.Generate(mining, 1) // the next tick tries again; without blocks the work times out
			}
		}
	})
	err := work(ctx)
	stop()
	miners.Wait()
	return err
}

// close stops everything that the demo started and says so.
func (w *world) close(out io.Writer) {
	for _, c := range w.closers {
		_ = c() // connections to processes that are about to end
	}
	if w.bitcoin != nil {
		w.bitcoin.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, b := range []*box{w.machine, w.thief} {
		if b != nil && b.tpm != nil {
			if err := b.tpm.Stop(ctx); err != nil {
				fmt.Fprintln(out, "demo: stop the TPM emulator:", err)
			}
		}
	}
	if w.control == nil {
		return
	}
	if err := w.control.Down(ctx); err != nil {
		fmt.Fprintln(out, "demo: stop the network:", err)
	}
}

// printAddresses says where a network that was kept can be reached.
func (w *world) printAddresses(out io.Writer) {
	fmt.Fprintf(out, "\nThe network still runs:\n  gateway               https://%s\n  authorization server  https://%s\n  everything else       %s\n  stop it with          build/bin/network down --dir %s\n",
		w.conn.Ports.Address("gateway"), w.conn.Ports.Address("auth"), w.connectionFile(), w.net())
}

// machineAnswer is what the machine command printed with --output json.
type machineAnswer struct {
	lines   []json.RawMessage
	refusal *ledger.Refusal
}

// last decodes the result line.
func (a machineAnswer) last(into any) error {
	if len(a.lines) == 0 {
		return fmt.Errorf("the machine printed nothing")
	}
	return json.Unmarshal(a.lines[len(a.lines)-1], into)
}

// onChannel is the same network seen from another channel.
func (w *world) onChannel(name string) topology.Connection {
	c := w.conn
	c.Channel = name
	return c
}
