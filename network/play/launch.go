package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// Options describe the network that is launched.
type Options struct {
	Dir      string
	Programs process.Programs
	Topology topology.Topology // of a network that is made
	Fresh    bool              // start over even where a network is in the folder
	Config   Config
}

// ErrRunning means that the network is up already. Stop it with `network down` first.
var ErrRunning = errors.New("network is up already")

// Launch starts a supervisor for the network and brings it up. If that fails, or ctx ends, or this process
// ends before, no process is left.
func Launch(ctx context.Context, o Options) (*Network, error) {
	if err := o.Programs.Check(); err != nil {
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
	if err := process.Supervise(ctx, n.programs, n.layout.Dir, n.layout.Logs(), n.control, hold); err != nil {
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

// lastGoodbye is how long the ports of a network that was just stopped may still be in use.
const lastGoodbye = 5 * time.Second

// plan opens the network in the folder, or makes a new one, and holds its ports.
func plan(ctx context.Context, dir string, o Options) (*Network, *net.TCPListener, error) {
	n, err := Open(dir, o.Programs, o.Config)
	if err == nil && n.state.Complete && !o.Fresh {
		hold, err := holdAgain(ctx, n.state.Base)
		if err != nil {
			return nil, nil, fmt.Errorf(
				"the ports of %s, which are part of its ledger, are in use by another process: %w", dir, err)
		}
		return n, hold, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) && !o.Fresh {
		return nil, nil, err
	}
	if err := Wipe(dir); err != nil {
		return nil, nil, err
	}
	if n != nil {
		n.report("the ledger from before is removed")
	}
	return anew(ctx, dir, o)
}

// anew plans a network in an empty folder, on a block of free ports that it holds.
func anew(ctx context.Context, dir string, o Options) (*Network, *net.TCPListener, error) {
	hold, base, err := node.HoldPorts(ctx, topology.BlockSize)
	if err != nil {
		return nil, nil, err
	}
	n, err := Create(dir, o.Topology, base, o.Programs, o.Config)
	if err != nil {
		_ = hold.Close()
		return nil, nil, err
	}
	return n, hold, nil
}

// holdAgain holds the ports of a network that was made before.
func holdAgain(ctx context.Context, base int) (*net.TCPListener, error) {
	ctx, cancel := context.WithTimeout(ctx, lastGoodbye)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		hold, err := node.HoldBlock(ctx, base, topology.BlockSize)
		if err == nil {
			return hold, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-tick.C:
		}
	}
}
