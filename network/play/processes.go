package play

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// logLevel: at warn an orderer writes a line per transaction that a client cancels (facts: Fabric 1).
const logLevel = "FABRIC_LOGGING_SPEC=error"

func (n *Network) ordererSpec(p topology.Partner) (node.Spec, error) {
	dir := n.layout.orderer(p.Name)
	raw, err := render("orderer.yaml", map[string]any{
		"Partner": p.Name, "MSP": p.MSP, "Port": n.ports["orderer."+p.Name], "TLS": filepath.Join(dir, "tls"),
		"MSPDir": filepath.Join(dir, "msp"), "Data": filepath.Join(dir, "data"),
		"Operations": n.ports.Address("orderer-operations." + p.Name), "Admin": n.ports.Address("orderer-admin." + p.Name),
	})
	if err != nil {
		return node.Spec{}, err
	}
	return node.Spec{
		Name: "orderer." + p.Name, Class: "orderer", Partner: p.Name,
		Path: n.programs.tool("orderer"), Dir: dir,
		Env:   []string{"FABRIC_CFG_PATH=" + dir, logLevel},
		Ready: node.Probe{HTTP: "http://" + n.ports.Address("orderer-operations."+p.Name) + "/healthz"},
	}, put(filepath.Join(dir, "orderer.yaml"), raw)
}

func (n *Network) peerSpec(p topology.Partner) (node.Spec, error) {
	dir := n.layout.peer(p.Name)
	raw, err := render("core.yaml", map[string]any{
		"Partner": p.Name, "MSP": p.MSP, "Address": n.ports.Address("peer." + p.Name), "TLS": filepath.Join(dir, "tls"),
		"MSPDir": filepath.Join(dir, "msp"), "Data": filepath.Join(dir, "data"), "Builder": n.layout.builder(p.Name),
		"ChaincodeListen": n.ports.Address("peer-chaincode." + p.Name), "Operations": n.ports.Address("peer-operations." + p.Name),
	})
	if err != nil {
		return node.Spec{}, err
	}
	tmp := filepath.Join(dir, "tmp") // the builder's scratch, inside the network's folder
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return node.Spec{}, fmt.Errorf("peer of %s: %w", p.Name, err)
	}
	return node.Spec{
		Name: "peer." + p.Name, Class: "peer", Partner: p.Name,
		Path: n.programs.tool("peer"), Args: []string{"node", "start"}, Dir: dir,
		Env:   []string{"FABRIC_CFG_PATH=" + dir, logLevel, "TMPDIR=" + tmp},
		Ready: node.Probe{HTTP: "http://" + n.ports.Address("peer-operations."+p.Name) + "/healthz"},
	}, put(filepath.Join(dir, "core.yaml"), raw)
}

// chaincodeSpec runs the partner's own copy of the binary: the one its builder checked stays the one that runs, whatever is built later.
func (n *Network) chaincodeSpec(p topology.Partner) node.Spec {
	dir := n.layout.chaincode(p.Name)
	server := filepath.Join(dir, "server")
	return node.Spec{
		Name: "chaincode." + p.Name, Class: "chaincode", Partner: p.Name,
		Path: filepath.Join(dir, "chaincode"), Dir: dir,
		Env: []string{
			"CHAINCODE_ID=" + n.state.Chaincode.PackageID,
			"CHAINCODE_ADDRESS=" + n.ports.Address("chaincode."+p.Name),
			"CHAINCODE_TLS_CERT=" + certificate(server),
			"CHAINCODE_TLS_KEY=" + key(server),
			"CHAINCODE_TLS_CLIENT_CA=" + root(server),
		},
		Ready: node.Probe{TCP: n.ports.Address("chaincode." + p.Name)},
	}
}

// rpcCredentials is what clients of a Bitcoin node read.
type rpcCredentials struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

func (n *Network) bitcoinSpec(p topology.Partner) (node.Spec, error) {
	dir := n.layout.btcd(p.Name)
	credentials, err := n.bitcoinCredentials(p)
	if err != nil {
		return node.Spec{}, err
	}
	var neighbors []string
	for _, other := range n.state.Topology.Bitcoin.Nodes {
		if other != p.Name {
			neighbors = append(neighbors, n.ports.Address("btcd-p2p."+other))
		}
	}
	raw, err := render("btcd.conf", map[string]any{
		"Partner": p.Name, "Dir": dir, "P2P": n.ports.Address("btcd-p2p." + p.Name), "RPC": n.ports.Address("btcd." + p.Name),
		"User": credentials.User, "Password": credentials.Password, "Neighbors": neighbors, "MineTo": n.state.MineTo,
	})
	if err != nil {
		return node.Spec{}, err
	}
	config := filepath.Join(dir, "btcd.conf")
	return node.Spec{
		Name: "btcd." + p.Name, Class: "btcd", Partner: p.Name,
		Path: n.programs.tool("btcd"), Args: []string{"--configfile=" + config}, Dir: dir,
		Ready: node.Probe{TCP: n.ports.Address("btcd." + p.Name)},
	}, put(config, raw)
}

func (n *Network) bitcoinCredentials(p topology.Partner) (rpcCredentials, error) {
	path := filepath.Join(n.layout.btcd(p.Name), "credentials.json")
	var c rpcCredentials
	raw, err := os.ReadFile(path)
	if err == nil {
		return c, json.Unmarshal(raw, &c)
	}
	c = rpcCredentials{User: p.Name, Password: secret()}
	if raw, err = json.Marshal(c); err != nil { //nolint:gosec // for a file of mode 0600
		return c, fmt.Errorf("bitcoin credentials: %w", err)
	}
	return c, put(path, raw)
}

// nodeSpecs are all processes besides the CAs, in the order in which they are listed.
func (n *Network) nodeSpecs() ([]node.Spec, error) {
	var specs []node.Spec
	for _, make := range []func(topology.Partner) (node.Spec, error){n.ordererSpec, n.peerSpec, n.chaincodeSpecOf, n.bitcoinSpecOf} {
		for _, p := range n.partners() {
			spec, err := make(p)
			if err != nil {
				return nil, err
			}
			if spec.Name != "" {
				specs = append(specs, spec)
			}
		}
	}
	return specs, nil
}

func (n *Network) chaincodeSpecOf(p topology.Partner) (node.Spec, error) {
	return n.chaincodeSpec(p), nil
}

func (n *Network) bitcoinSpecOf(p topology.Partner) (node.Spec, error) {
	if !n.state.Topology.HasBitcoin(p.Name) {
		return node.Spec{}, nil
	}
	return n.bitcoinSpec(p)
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	defer func() { _ = in.Close() }()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o700) //nolint:gosec // a program must be executable
	if err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return fmt.Errorf("copy program: %w", err)
	}
	return out.Close()
}
