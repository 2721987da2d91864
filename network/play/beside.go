package play

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// AddChaincode defines another chaincode beside the product's: the same channel, partners, endorsement policy and TLS, a process of its own at
// each partner. The benchmark measures its floor there; it stands in no connection.json and does not come back after the network was down.
// The addresses are one for each partner, in the topology's order: free ports, [topology.Spares] for instance.
func (n *Network) AddChaincode(ctx context.Context, name, program string, addresses []string) error {
	if len(addresses) != len(n.partners()) {
		return fmt.Errorf("%w: %d addresses for %d partners", ErrState, len(addresses), len(n.partners()))
	}
	sum, err := SumFile(program)
	if err != nil {
		return err
	}
	other := *n
	other.state.Topology.Chaincode.Name = name
	_, id, err := Package(other.label(), sum)
	if err != nil {
		return err
	}
	other.state.Chaincode = topology.Installed{Name: name, Version: other.state.Topology.Chaincode.Version, Sequence: 1, PackageID: id, SHA256: sum}
	var specs []node.Spec
	for i, p := range n.partners() {
		spec, err := other.layBeside(p, program, addresses[i])
		if err != nil {
			return err
		}
		specs = append(specs, spec)
	}
	if err := n.control.Add(ctx, specs...); err != nil {
		return err
	}
	if err := n.await(ctx, specs[0].Class); err != nil {
		return err
	}
	channel := n.state.Topology.Channel
	for _, step := range []func(context.Context) error{
		other.install,
		func(ctx context.Context) error { return other.approve(ctx, channel) },
		func(ctx context.Context) error { return other.commit(ctx, channel) },
		func(ctx context.Context) error { return other.probe(ctx, channel) },
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	n.report("chaincode " + name + " defined beside " + n.state.Chaincode.Name)
	return nil
}

// layBeside gives a partner its copy of the other chaincode, where its builder looks for it, and says how it is run.
func (n *Network) layBeside(p topology.Partner, program, address string) (node.Spec, error) {
	dir := filepath.Join(n.layout.chaincode(p.Name), beside, n.state.Chaincode.Name)
	if err := put(filepath.Join(dir, "address"), []byte(address+"\n")); err != nil {
		return node.Spec{}, err
	}
	if err := copyProgram(program, filepath.Join(dir, "chaincode")); err != nil {
		return node.Spec{}, err
	}
	spec := n.chaincodeSpec(p)
	spec.Name, spec.Class = "chaincode-"+n.state.Chaincode.Name+"."+p.Name, "chaincode-"+n.state.Chaincode.Name
	spec.Path, spec.Dir, spec.Ready = filepath.Join(dir, "chaincode"), dir, node.Probe{TCP: address}
	for i, e := range spec.Env {
		if strings.HasPrefix(e, "CHAINCODE_ADDRESS=") {
			spec.Env[i] = "CHAINCODE_ADDRESS=" + address
		}
	}
	return spec, nil
}

// beside is the folder, below a partner's own chaincode, of those that AddChaincode adds.
const beside = "beside"

// place finds the folder of the program with this hash: the partner's own chaincode, or one beside it.
func (b Builder) place(sum string) (string, error) {
	own, err := SumFile(filepath.Join(b.Chaincode, "chaincode"))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	if sum == own {
		return b.Chaincode, nil
	}
	others, err := os.ReadDir(filepath.Join(b.Chaincode, beside))
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("%w: %w", ErrBuilder, err)
	}
	for _, o := range others {
		dir := filepath.Join(b.Chaincode, beside, o.Name())
		if other, err := SumFile(filepath.Join(dir, "chaincode")); err == nil && other == sum {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: the package names chaincode %s, this partner has %s", ErrBuilder, sum, own)
}
