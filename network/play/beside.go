package play

import (
	"context"
	"fmt"

	"github.com/guildmark/guildmark/network/fabric"
	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// AddChaincode defines another chaincode beside the product's: the same channel, partners, endorsement policy
// and TLS, a process of its own at each partner. The benchmark measures its floor there. It is not in
// connection.json and is not started again after the network was down. The addresses are one for each
// partner, in the topology's order: free ports, [topology.Spares] for instance.
func (n *Network) AddChaincode(ctx context.Context, name, program string, addresses []string) error {
	if len(addresses) != len(n.homes) {
		return fmt.Errorf("%w: %d addresses for %d partners", ErrState, len(addresses), len(n.homes))
	}
	address := map[string]string{}
	for i, h := range n.homes {
		address[h.Partner.Name] = addresses[i]
	}
	c, err := n.adoptAll(ctx, func(h *home.Home) (topology.Installed, error) {
		return fabric.AdoptBeside(h, name, program, address[h.Partner.Name])
	})
	if err != nil {
		return err
	}
	var specs []node.Spec
	for _, h := range n.homes {
		specs = append(specs, process.Beside(h, c, address[h.Partner.Name]))
	}
	if err := n.control.Add(ctx, specs...); err != nil {
		return err
	}
	if err := process.Await(ctx, n.control, n.layout.Logs(), patience, specs[0].Class); err != nil {
		return err
	}
	channel := n.state.Topology.Channel
	for _, step := range []func(context.Context) error{
		n.install(&c), n.approve(channel, &c),
		n.commit(channel, &c), n.reach(channel, &c),
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	n.report("chaincode " + name + " defined beside " + n.state.Chaincode.Name)
	return nil
}
