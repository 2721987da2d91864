package play

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Programs are the files that are run. All paths are absolute.
type Programs struct {
	Tools     string // folder of peer, orderer, configtxgen, fabric-ca-server, btcd
	Network   string // this project's network command: becomes the peers' external builder
	Chaincode string // the chaincode's binary
}

func (p Programs) tool(name string) string { return filepath.Join(p.Tools, name) }

// check says what is missing before anything is started.
func (p Programs) check() error {
	for _, name := range []string{"peer", "orderer", "configtxgen", "fabric-ca-server", "btcd"} {
		if _, err := os.Stat(p.tool(name)); err != nil {
			return fmt.Errorf("%w: %s: run `make tools` (%w)", ErrTool, name, err)
		}
	}
	for _, path := range []string{p.Network, p.Chaincode} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%w: %s: run `make build` (%w)", ErrTool, path, err)
		}
	}
	return nil
}

// Network is one consortium on this machine. It is made by [Create] or [Open].
type Network struct {
	layout   Layout
	programs Programs
	state    State
	ports    topology.Ports
	control  *node.Client
	report   func(string)
	secrets  map[string]string // registrars' bootstrap passwords, "<partner>/<ca>"; only while the network is being made
}

// Config is what is optional about a network.
type Config struct {
	Report func(string) // told each step as it ends; nil: nobody
	MineTo string       // Bitcoin address that mined blocks pay; "": nodes don't mine
}

// Create plans a network in an empty folder, on the block of ports that starts at base.
func Create(dir string, t topology.Topology, base int, programs Programs, c Config) (*Network, error) {
	n, err := open(dir, programs, c)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(n.layout.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create network: %w", err)
	}
	if _, err := os.Stat(n.layout.state()); err == nil {
		return nil, fmt.Errorf("%w: %s holds a network already", ErrState, n.layout.Dir)
	}
	n.state = State{Version: 1, Base: base, Topology: t, Parties: map[string]string{}, Channels: []string{t.Channel}, MineTo: c.MineTo}
	n.ports = t.Assign(base)
	return n, n.state.write(n.layout)
}

// Open finds a network that was made before.
func Open(dir string, programs Programs, c Config) (*Network, error) {
	n, err := open(dir, programs, c)
	if err != nil {
		return nil, err
	}
	if n.state, err = readState(n.layout); err != nil {
		return nil, err
	}
	n.ports = n.state.Topology.Assign(n.state.Base)
	return n, nil
}

func open(dir string, programs Programs, c Config) (*Network, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("network folder: %w", err)
	}
	n := &Network{layout: Layout{Dir: abs}, programs: programs, report: c.Report, secrets: map[string]string{}}
	if n.report == nil {
		n.report = func(string) {}
	}
	n.control = node.Dial(n.layout.Socket())
	return n, nil
}

// Layout tells where things are.
func (n *Network) Layout() Layout { return n.layout }

// State tells what was planned and made.
func (n *Network) State() State { return n.state }

// Control is the way to the network's processes.
func (n *Network) Control() *node.Client { return n.control }

func (n *Network) partners() []topology.Partner { return n.state.Topology.Partners }

const (
	retryEvery = 100 * time.Millisecond
	patience   = time.Minute // steps take 1-5 s on a quiet machine (facts: Fabric 8.4 plans 30 s); twice that where other builds run beside
)

// Programs are the files that this network runs.
func (n *Network) Programs() Programs { return n.programs }
