package play

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// Network is one consortium on this computer. It is made by [Create] or [Open].
type Network struct {
	layout   Layout
	programs process.Programs
	state    State
	homes    []*home.Home // in the topology's order
	control  *node.Client
	report   func(string)
}

// Config is what is optional about a network.
type Config struct {
	Report func(string) // called as each step ends; nil: none
	MineTo string       // Bitcoin address that mined blocks pay; "": the play's faucet
}

// patience is how long a class of processes may take to become ready: 2 s on a quiet computer, more beside
// other builds.
const patience = time.Minute

// Create plans a network in an empty folder, on the block of ports that starts at base.
func Create(dir string, t topology.Topology, base int, programs process.Programs, c Config) (*Network, error) {
	n, err := plain(dir, programs, c)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(n.layout.state()); err == nil {
		return nil, fmt.Errorf("%w: %s holds a network already", ErrState, n.layout.Dir)
	}
	n.state = State{Version: stateVersion, Base: base, Topology: t, Channels: []string{t.Channel}, MineTo: c.MineTo}
	for _, p := range t.Partners {
		h, err := home.Create(n.layout.Home(p.Name), p.Name, t, base)
		if err != nil {
			return nil, err
		}
		n.homes = append(n.homes, h)
	}
	if err := os.MkdirAll(n.layout.EKRoots(), 0o700); err != nil {
		return nil, fmt.Errorf("create network: %w", err)
	}
	if n.state.MineTo == "" {
		faucet, err := n.faucet()
		if err != nil {
			return nil, err
		}
		n.state.MineTo = faucet.Address()
	}
	return n, n.state.write(n.layout)
}

// Open finds a network that was made before.
func Open(dir string, programs process.Programs, c Config) (*Network, error) {
	n, err := plain(dir, programs, c)
	if err != nil {
		return nil, err
	}
	if n.state, err = readState(n.layout); err != nil {
		return nil, err
	}
	var names []string
	for _, p := range n.state.Topology.Partners {
		names = append(names, p.Name)
	}
	if n.homes, err = openHomes(n.layout, names); err != nil {
		// Not wrapped: a missing home is not a missing network, which would be made anew.
		return nil, fmt.Errorf("%w: %s", ErrState, err.Error())
	}
	return n, nil
}

func openHomes(l Layout, partners []string) ([]*home.Home, error) {
	var homes []*home.Home
	for _, name := range partners {
		h, err := home.Open(l.Home(name))
		if err != nil {
			return nil, err
		}
		homes = append(homes, h)
	}
	if len(homes) == 0 {
		return nil, errors.New("a network without partners")
	}
	return homes, nil
}

func plain(dir string, programs process.Programs, c Config) (*Network, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("network folder: %w", err)
	}
	n := &Network{layout: Layout{Dir: abs}, programs: programs, report: c.Report}
	if n.report == nil {
		n.report = func(string) {}
	}
	n.control = node.Dial(n.layout.Socket())
	return n, nil
}

// Layout is where things are.
func (n *Network) Layout() Layout { return n.layout }

// State is what was planned and made.
func (n *Network) State() State { return n.state }

// Control is the way to the network's processes.
func (n *Network) Control() *node.Client { return n.control }

// Programs are the files that this network runs.
func (n *Network) Programs() process.Programs { return n.programs }

// founder is the partner that does what one of them has to do: genesis block, commit, first proposal.
func (n *Network) founder() *home.Home { return n.homes[0] }
