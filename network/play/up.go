package play

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Up brings the network up under a supervisor that runs already: all of it the first time, only its processes when the ledger stands from before.
// When it fails or ctx ends the caller stops the supervisor; a network that wasn't completed must be made anew.
func (n *Network) Up(ctx context.Context) error {
	if err := n.programs.check(); err != nil {
		return err
	}
	if n.state.Complete {
		return n.resume(ctx)
	}
	return n.make(ctx)
}

func (n *Network) make(ctx context.Context) error {
	channel := n.state.Topology.Channel
	steps := []struct {
		done string
		do   func(context.Context) error
	}{
		{"certificate authorities run", n.startCAs},
		{"identities enrolled", n.enroll},
		{"chaincode packaged", n.adopt},
		{"genesis block of " + channel + " made", func(ctx context.Context) error { return n.genesis(ctx, channel) }},
		{"orderers, peers, chaincode and Bitcoin nodes run", n.startNodes},
		{"all on " + channel, func(ctx context.Context) error { return n.join(ctx, channel) }},
		{"chaincode installed", n.install},
		{"definition approved by all partners", func(ctx context.Context) error { return n.approve(ctx, channel) }},
		{"definition committed", func(ctx context.Context) error { return n.commit(ctx, channel) }},
		{"every partner reaches every chaincode", func(ctx context.Context) error { return n.probe(ctx, channel) }},
		{"connection.json written", n.finish},
	}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			return err
		}
		n.report(step.done)
	}
	return nil
}

// resume starts the processes of a network that stands.
func (n *Network) resume(ctx context.Context) error {
	if err := n.startCAs(ctx); err != nil {
		return err
	}
	if err := n.startNodes(ctx); err != nil {
		return err
	}
	n.report("processes run again on the ledger from before")
	for _, channel := range n.state.Channels {
		if err := n.probe(ctx, channel); err != nil {
			return err
		}
	}
	n.report("every partner reaches every chaincode")
	return n.writeConnection()
}

// Outdated tells whether the chaincode that would be built in today differs from the one that this network runs.
func (n *Network) Outdated() (bool, error) {
	sum, err := SumFile(n.programs.Chaincode)
	return err == nil && sum != n.state.Chaincode.SHA256, err
}

func (n *Network) startCAs(ctx context.Context) error {
	var specs []node.Spec
	for _, p := range n.partners() {
		if !n.state.Complete {
			if err := n.configureCA(p); err != nil {
				return err
			}
		}
		specs = append(specs, n.caSpec(p))
	}
	if err := n.control.Add(ctx, specs...); err != nil {
		return err
	}
	return n.await(ctx, "ca")
}

func (n *Network) await(ctx context.Context, classes ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := n.control.Await(ctx, classes...); err != nil {
		return fmt.Errorf("%w (their logs are in %s)", err, n.layout.Logs())
	}
	return nil
}

func (n *Network) enroll(ctx context.Context) error {
	for _, p := range n.partners() { // before the partners work at once: the map is shared
		for _, id := range p.Identities {
			n.state.giveParty(p, id.Name)
		}
	}
	return n.each(ctx, "enrolment", n.enrollPartner)
}

// adopt fixes which chaincode this network runs.
func (n *Network) adopt(context.Context) error {
	sum, err := SumFile(n.programs.Chaincode)
	if err != nil {
		return err
	}
	c := n.state.Topology.Chaincode
	_, id, err := Package(n.label(), sum)
	if err != nil {
		return err
	}
	n.state.Chaincode = topology.Installed{Name: c.Name, Version: c.Version, Sequence: 1, PackageID: id, SHA256: sum}
	for _, p := range n.partners() {
		if err := n.layBuilder(p.Name); err != nil {
			return err
		}
	}
	return n.state.write(n.layout)
}

func (n *Network) startNodes(ctx context.Context) error {
	specs, err := n.nodeSpecs()
	if err != nil {
		return err
	}
	if err := n.control.Add(ctx, specs...); err != nil {
		return err
	}
	return n.await(ctx, "orderer", "peer", "chaincode", "btcd")
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
		return fmt.Errorf("%w: channel %s stands already", ErrState, channel)
	}
	if err := n.genesis(ctx, channel); err != nil {
		return err
	}
	err := n.join(ctx, channel)
	for _, step := range []func(context.Context, string) error{n.approve, n.commit, n.probe} {
		if err == nil {
			err = step(ctx, channel)
		}
	}
	if err != nil {
		return err
	}
	n.report("chaincode defined on " + channel)
	n.state.Channels = append(n.state.Channels, channel)
	if err := n.state.write(n.layout); err != nil {
		return err
	}
	return n.writeConnection()
}

// Wipe removes a network's folder. It MUST NOT run while the supervisor does.
func Wipe(dir string) error {
	if _, err := os.Stat(Layout{Dir: dir}.state()); err != nil {
		if entries, readErr := os.ReadDir(dir); readErr == nil && len(entries) > 0 {
			return fmt.Errorf("%w: %s isn't a network's folder, not removed", ErrState, dir)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("wipe network: %w", err)
	}
	return nil
}
