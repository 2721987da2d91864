package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Options say which network is launched.
type Options struct {
	Dir      string
	Programs Programs
	Topology topology.Topology // of a network that doesn't stand yet
	Fresh    bool              // start over even if one stands
	Config   Config
}

// ErrRunning says that the network is up already.
var ErrRunning = errors.New("network is up already")

// Launch starts a supervisor of its own for the network and brings it up. If that fails, or ctx ends, or this process dies before the end, no process is left.
func Launch(ctx context.Context, o Options) (*Network, error) {
	if err := o.Programs.check(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	if _, err := node.Dial(Layout{Dir: dir}.Socket()).PID(ctx); err == nil {
		return nil, ErrRunning
	}
	n, hold, err := plan(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = hold.Close() }()
	if err := n.supervise(ctx, hold); err != nil {
		return nil, err
	}
	n.report("supervisor runs")
	held, letGo := context.WithCancel(context.WithoutCancel(ctx))
	defer letGo()
	go func() { _ = n.control.Hold(held) }() // ends by Release, or with this process
	if err := n.Up(ctx); err != nil {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		return nil, errors.Join(err, n.control.Down(stop))
	}
	return n, n.control.Release(ctx)
}

// lastGoodbye is how long the ports of a network that was just taken down may still be closing.
const lastGoodbye = 5 * time.Second

// plan opens the network that stands, or makes a new one; and holds its ports.
func plan(ctx context.Context, dir string, o Options) (*Network, *net.TCPListener, error) {
	n, err := Open(dir, o.Programs, o.Config)
	if err == nil && n.state.Complete && !o.Fresh {
		var hold *net.TCPListener
		err := retryFor(ctx, lastGoodbye, func(ctx context.Context) error {
			hold, err = node.HoldBlock(ctx, n.state.Base, topology.BlockSize)
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("the ports of %s, which stand in its ledger, are taken by somebody else: %w", dir, err)
		}
		return n, hold, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) && !o.Fresh {
		return nil, nil, err
	}
	if err := Wipe(dir); err != nil {
		return nil, nil, err
	}
	hold, base, err := node.HoldPorts(ctx, topology.BlockSize)
	if err != nil {
		return nil, nil, err
	}
	if n, err = Create(dir, o.Topology, base, o.Programs, o.Config); err != nil {
		_ = hold.Close()
		return nil, nil, err
	}
	return n, hold, nil
}

// supervise starts the supervisor in a session of its own, hands it the held port, and waits until it answers.
func (n *Network) supervise(ctx context.Context, hold *net.TCPListener) error {
	if err := os.MkdirAll(n.layout.Logs(), 0o700); err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(n.layout.Logs(), "supervisor.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	defer func() { _ = log.Close() }()
	port, err := hold.File()
	if err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	defer func() { _ = port.Close() }()
	cmd := exec.Command(n.programs.Network, "supervise", "--dir", n.layout.Dir) //nolint:noctx,gosec // it outlives the caller; the program is this project's own
	cmd.Dir, cmd.Stdout, cmd.Stderr = n.layout.Dir, log, log
	cmd.ExtraFiles = []*os.File{port} // open there as long as it lives: nobody else takes the block
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := n.control.PID(ctx); err == nil {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("supervisor ended: %w (see %s)", err, log.Name())
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGTERM) // it has no children yet
			return ctx.Err()
		case <-tick.C:
		}
	}
}
