// Command network sets up, watches and stops the play: a consortium's network with all partners on this computer.
//
// Does not keep anything outside of the network's folder, and does not hold a partner's key itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/fabric"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
)

const guide = `
For each of four partners it runs a certificate authority, an orderer, a peer and a chaincode process; two partners run a
Bitcoin regtest node beside them. A first network, typed in the project's folder (` + "`make up`" + ` does 1 and 2):

  1. network up --fresh
  2. network services
  3. network status
  4. network machine add mixer1
  5. network down

A SELECTOR is a process (peer.operator), a class (peer), a partner (@operator) or all. What is killed is started again,
what is stopped stays down. The last Bitcoin node is never stopped: the regtest chain would be lost with it.

Everything of a network lies in one folder, build/net (--dir). Other programs read build/net/connection.json;
network/docs/layout.md describes it. Ports are free ones, so two networks can run side by side.`

func main() {
	// A peer calls this binary through links named like the steps of Fabric's external builders.
	if step := filepath.Base(os.Args[0]); step == "detect" || step == "build" || step == "release" {
		os.Exit(build(step))
	}
	os.Exit(command.Main(program(), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

func program() *command.Command {
	return &command.Command{
		Name: "network", Version: host.Version(), Guide: guide,
		Short: "runs a consortium of four partners on this computer.",
		Commands: []*command.Command{
			upCommand(), servicesCommand(), statusCommand(), downCommand(),
			controlCommand("stop", "stops processes, which stay down until they are started.", "peer.auditor"),
			controlCommand("start", "starts processes and waits until they are ready.", "peer.auditor"),
			controlCommand("restart", "stops and starts processes and waits until they are ready.", "@auditor"),
			controlCommand("kill", "kills processes as an accident would, and waits until they are ready again.", "peer.auditor"),
			mineCommand(), fundCommand(), mineToCommand(),
			{Name: "machine", Commands: []*command.Command{machineAddCommand()}},
			{Name: "identity", Commands: []*command.Command{identityAddCommand()}},
			{Name: "channel", Commands: []*command.Command{channelAddCommand()}},
			topologyCommand(), superviseCommand(),
		},
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	return command.Execute(ctx, program(), args, command.Console{Out: out, Err: errs})
}

// build is the external builder: Fabric tells by the exit code whether it may go on, and logs what is said.
func build(step string) int {
	b := fabric.BuilderAt(os.Args[0])
	err := b.Run(step, os.Args[1:])
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	b.Log(step, err) // the peer's log shows it at level debug only
	return 1
}

// folder is the flag that all commands share.
type folder struct{ dir string }

func (o *folder) flags(f *command.Flags) {
	f.StringVar(&o.dir, "dir", "build/net", "`DIR` folder of the network")
}

// open finds the network in the folder; its steps are progress.
func (o *folder) open(call *command.Call, programs process.Programs) (*play.Network, error) {
	n, err := play.Open(o.dir, programs,
		play.Config{Report: func(step string) { call.Progress.Step("network", step) }})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no network in %s, its supervisor is down; `network up` makes one", o.dir)
	}
	return n, err
}

// opened is the network in the folder with the programs at their usual places.
func (o *folder) opened(call *command.Call) (*play.Network, error) {
	p, err := programs("build/tools", "build/bin/chaincode")
	if err != nil {
		return nil, err
	}
	return o.open(call, p)
}

// timed reports each step with the seconds since the beginning.
func timed(call *command.Call, began time.Time) func(step string) {
	return func(step string) {
		event := struct {
			Seconds float64 `json:"seconds"`
			Step    string  `json:"step"`
		}{time.Since(began).Seconds(), step}
		if !call.Progress.Event(event) {
			call.Progress.Line(fmt.Sprintf("%6.1f s  %s", event.Seconds, step))
		}
	}
}

func programs(tools, code string) (process.Programs, error) {
	self, err := os.Executable()
	if err != nil {
		return process.Programs{}, fmt.Errorf("own path: %w", err)
	}
	p := process.Programs{Network: self}
	if p.Tools, err = filepath.Abs(tools); err != nil {
		return p, fmt.Errorf("tools: %w", err)
	}
	if p.Chaincode, err = filepath.Abs(code); err != nil {
		return p, fmt.Errorf("chaincode: %w", err)
	}
	return p, nil
}
