package play

import (
	"slices"

	"github.com/guildmark/guildmark/network/topology"
)

// writeConnection tells clients where everything is.
func (n *Network) writeConnection() error {
	t := n.state.Topology
	c := topology.Connection{
		Version: 1, Directory: n.layout.Dir, ControlSocket: n.layout.Socket(), Channel: t.Channel, Channels: slices.Clone(n.state.Channels),
		Consensus: t.Consensus, Chaincode: n.state.Chaincode, EndorsementPolicy: t.EndorsementPolicy(),
		MSPRoots: map[string]string{}, Bitcoin: []topology.BitcoinNode{}, Ports: t.ServicePorts(n.ports),
	}
	for _, p := range t.Partners {
		c.MSPRoots[p.MSP] = n.layout.mspRoot(p.Name)
		c.Peers = append(c.Peers, n.endpoint(p, "peer"))
		orderer := n.endpoint(p, "orderer")
		orderer.Admin = n.ports.Address("orderer-admin." + p.Name)
		c.Orderers = append(c.Orderers, orderer)
		c.Chaincodes = append(c.Chaincodes, topology.Endpoint{
			Name: "chaincode." + p.Name, Partner: p.Name, MSP: p.MSP, Address: n.ports.Address("chaincode." + p.Name),
			ServerName: "localhost", TLSRoot: n.layout.tlsRoot(p.Name),
		})
		c.CAs = append(c.CAs, topology.Authority{
			Name: "ca." + p.Name, Partner: p.Name, MSP: p.MSP, URL: n.caClient(p, identityCA).URL, Identity: identityCA, TLS: tlsCA,
		})
		if t.HasBitcoin(p.Name) {
			c.Bitcoin = append(c.Bitcoin, n.bitcoinNode(p))
		}
		c.Identities = append(c.Identities, n.enrolled(p, topology.Identity{Name: "admin"}))
		for _, id := range p.Identities {
			c.Identities = append(c.Identities, n.enrolled(p, id))
		}
	}
	return c.Write(n.layout.connection())
}

func (n *Network) endpoint(p topology.Partner, class string) topology.Endpoint {
	return topology.Endpoint{
		Name: class + "." + p.Name, Partner: p.Name, MSP: p.MSP, Address: n.ports.Address(class + "." + p.Name),
		ServerName: "localhost", TLSRoot: n.layout.tlsRoot(p.Name), Operations: n.ports.Address(class + "-operations." + p.Name),
	}
}

func (n *Network) bitcoinNode(p topology.Partner) topology.BitcoinNode {
	dir := n.layout.btcd(p.Name)
	return topology.BitcoinNode{
		Name: "btcd." + p.Name, Partner: p.Name, MSP: p.MSP, Network: n.state.Topology.Bitcoin.Network,
		RPC: n.ports.Address("btcd." + p.Name), P2P: n.ports.Address("btcd-p2p." + p.Name),
		Certificate: dir + "/rpc.cert", Credentials: dir + "/credentials.json",
	}
}

func (n *Network) enrolled(p topology.Partner, id topology.Identity) topology.Enrolled {
	dir := n.layout.identity(p.Name, id.Name)
	return topology.Enrolled{
		Name: id.Name, Partner: p.Name, MSP: p.MSP, Role: id.Role, Party: n.state.Parties[p.Name+"/"+id.Name],
		Certificate: certificate(dir), Key: key(dir), CA: root(dir),
	}
}
