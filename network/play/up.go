package play

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/guildmark/guildmark/network/fabric"
	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// Up brings the network up under a supervisor that runs already: all of it the first time, only its processes
// where a ledger exists. When it fails or ctx ends the caller stops the supervisor; a network that wasn't
// completed must be made again.
func (n *Network) Up(ctx context.Context) error {
	if err := n.programs.Check(); err != nil {
		return err
	}
	if n.state.Complete {
		return n.resume(ctx)
	}
	return n.make(ctx)
}

func (n *Network) make(ctx context.Context) error {
	channel := n.state.Topology.Channel
	for _, step := range []struct {
		done string
		do   func(context.Context) error
	}{
		{"certificate authorities run", n.startCAs},
		{"identities enrolled", func(ctx context.Context) error { return n.each(ctx, "enrollment", fabric.Enroll) }},
		{"chaincode packaged", n.adopt},
		{"genesis block of " + channel + " made", func(ctx context.Context) error { return n.genesis(ctx, channel) }},
		{"orderers, peers, chaincode and Bitcoin nodes run", n.startNodes},
		{"all on " + channel, func(ctx context.Context) error { return n.join(ctx, channel) }},
		{"chaincode installed", n.install(&n.state.Chaincode)},
		{"definition approved by all partners", n.approve(channel, &n.state.Chaincode)},
		{"definition committed", n.commit(channel, &n.state.Chaincode)},
		{"every partner reaches every chaincode", n.reach(channel, &n.state.Chaincode)},
		{"connection.json written", n.finish},
	} {
		if err := step.do(ctx); err != nil {
			return err
		}
		n.report(step.done)
	}
	return nil
}

// resume starts the processes of a network that was made before.
func (n *Network) resume(ctx context.Context) error {
	if err := n.startCAs(ctx); err != nil {
		return err
	}
	if err := n.startNodes(ctx); err != nil {
		return err
	}
	n.report("processes run again on the ledger from before")
	for _, channel := range n.state.Channels {
		if err := n.reach(channel, &n.state.Chaincode)(ctx); err != nil {
			return err
		}
	}
	n.report("every partner reaches every chaincode")
	if err := n.writeConnection(); err != nil {
		return err
	}
	if err := n.checkChain(ctx); err != nil {
		return err
	}
	return n.startTPMs(ctx)
}

// Outdated reports whether the chaincode of the programs differs from the one that this network runs.
func (n *Network) Outdated() (bool, error) {
	sum, err := fabric.SumFile(n.programs.Chaincode)
	return err == nil && sum != n.state.Chaincode.SHA256, err
}

func (n *Network) startCAs(ctx context.Context) error {
	return n.start(ctx, []string{"ca"}, process.CA)
}

func (n *Network) startNodes(ctx context.Context) error {
	return n.start(ctx, []string{"orderer", "peer", "chaincode", "btcd"}, process.Orderer, process.Peer,
		func(h *home.Home, _ process.Programs) (node.Spec, error) {
			return process.Chaincode(h, n.state.Chaincode), nil
		},
		func(h *home.Home, p process.Programs) (node.Spec, error) {
			return process.Bitcoin(h, p, n.state.MineTo)
		},
	)
}

// start has each partner lay its programs out, in the order in which they are listed, and waits until they
// are ready.
func (n *Network) start(ctx context.Context, classes []string,
	lay ...func(*home.Home, process.Programs) (node.Spec, error),
) error {
	var specs []node.Spec
	for _, one := range lay {
		for _, h := range n.homes {
			spec, err := one(h, n.programs)
			if err != nil {
				return err
			}
			if spec.Name != "" {
				specs = append(specs, spec)
			}
		}
	}
	if err := n.control.Add(ctx, specs...); err != nil {
		return err
	}
	return process.Await(ctx, n.control, n.layout.Logs(), patience, classes...)
}

// adopt gives each partner its chaincode. All must have the same, or no definition would find enough approvals.
func (n *Network) adopt(ctx context.Context) error {
	adopted, err := n.adoptAll(ctx, func(h *home.Home) (topology.Installed, error) {
		return fabric.Adopt(h, n.programs.Network, n.programs.Chaincode)
	})
	if err != nil {
		return err
	}
	n.state.Chaincode = adopted
	return n.state.write(n.layout)
}

func (n *Network) adoptAll(ctx context.Context,
	adopt func(*home.Home) (topology.Installed, error),
) (topology.Installed, error) {
	var mu sync.Mutex
	var all []topology.Installed
	err := n.each(ctx, "chaincode", func(_ context.Context, h *home.Home) error {
		c, err := adopt(h)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, c)
		return err
	})
	if err != nil {
		return topology.Installed{}, err
	}
	for _, c := range all[1:] {
		if c != all[0] {
			return c, fmt.Errorf("%w: partners adopted chaincode %s and %s", ErrState, all[0].SHA256, c.SHA256)
		}
	}
	return all[0], nil
}

// genesis makes a channel's first block at the founder, from what all partners published, and carries it to them.
func (n *Network) genesis(ctx context.Context, channel string) error {
	if err := carryAll(n.homes); err != nil {
		return err
	}
	if err := fabric.Genesis(ctx, n.founder(), n.programs.Tool("configtxgen"), channel); err != nil {
		return err
	}
	return carryAll(n.homes)
}

func (n *Network) join(ctx context.Context, channel string) error {
	err := n.each(ctx, "orderer", func(ctx context.Context,
		h *home.Home,
	) error {
		return fabric.JoinOrderer(ctx, h, channel)
	})
	if err != nil {
		return err
	}
	n.report("orderers joined " + channel)
	err = n.each(ctx, "peer", func(ctx context.Context,
		h *home.Home,
	) error {
		return fabric.JoinPeer(ctx, h, channel)
	})
	if err != nil {
		return err
	}
	n.report("peers joined " + channel)
	return nil
}

// The steps of a chaincode's life take it by pointer: when the list of steps is made it is not adopted yet.

func (n *Network) install(c *topology.Installed) func(context.Context) error {
	return func(ctx context.Context) error {
		return n.each(ctx, "install at peer",
			func(ctx context.Context, h *home.Home) error { return fabric.Install(ctx, h, *c) })
	}
}

func (n *Network) approve(channel string, c *topology.Installed) func(context.Context) error {
	return func(ctx context.Context) error {
		return n.each(ctx, "approval", func(ctx context.Context,
			h *home.Home,
		) error {
			return fabric.Approve(ctx, h, channel, *c)
		})
	}
}

func (n *Network) commit(channel string, c *topology.Installed) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := fabric.Commit(ctx, n.founder(), channel, *c); err != nil {
			return fmt.Errorf("commit definition on %s: %w", channel, err)
		}
		return n.each(ctx, "definition at peer",
			func(ctx context.Context, h *home.Home) error { return fabric.AwaitCommit(ctx, h, channel, *c) })
	}
}

func (n *Network) reach(channel string, c *topology.Installed) func(context.Context) error {
	return func(ctx context.Context) error {
		return n.each(ctx, "chaincode", func(ctx context.Context,
			h *home.Home,
		) error {
			return fabric.Reach(ctx, h, channel, *c)
		})
	}
}

func (n *Network) finish(context.Context) error {
	n.state.Complete = true
	if err := n.state.write(n.layout); err != nil {
		return err
	}
	return n.writeConnection()
}

// AddChannel makes another channel with the same partners, orderers, peers and the same running chaincode.
func (n *Network) AddChannel(ctx context.Context, channel string) error {
	next := n.state.Topology
	next.Channel = channel
	if err := next.Validate(); err != nil {
		return err
	}
	if slices.Contains(n.state.Channels, channel) {
		return fmt.Errorf("%w: channel %s exists already", ErrState, channel)
	}
	c := &n.state.Chaincode
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return n.genesis(ctx, channel) },
		func(ctx context.Context) error { return n.join(ctx, channel) },
		n.approve(channel, c), n.commit(channel, c), n.reach(channel, c),
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	n.report("chaincode defined on " + channel)
	n.state.Channels = append(n.state.Channels, channel)
	if err := n.state.write(n.layout); err != nil {
		return err
	}
	return n.writeConnection()
}

// AddIdentity enrolls another identity at a running partner's authority and adds it to connection.json.
func (n *Network) AddIdentity(ctx context.Context, partner, name, role string) (topology.Enrolled, error) {
	for _, h := range n.homes {
		if h.Partner.Name != partner {
			continue
		}
		if err := fabric.AddIdentity(ctx, h, topology.Identity{Name: name, Role: role}); err != nil {
			return topology.Enrolled{}, err
		}
		if err := n.writeConnection(); err != nil {
			return topology.Enrolled{}, err
		}
		return enrolled(h, home.Identity{Name: name, Role: role, Party: h.Party(name)}), nil
	}
	return topology.Enrolled{}, fmt.Errorf("%w: there is no partner %q", ErrState, partner)
}

// Wipe removes a network's folder. It MUST NOT run while the supervisor does.
func Wipe(dir string) error {
	if _, err := os.Stat(Layout{Dir: dir}.state()); err != nil {
		if entries, readErr := os.ReadDir(dir); readErr == nil && len(entries) > 0 {
			return fmt.Errorf("%w: %s isn't a network's folder and is not removed", ErrState, dir)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("wipe network: %w", err)
	}
	return nil
}
