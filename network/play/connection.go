package play

import (
	"slices"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// writeConnection writes the file that clients read. It names files of the homes and opens none but the
// public lists of identities.
func (n *Network) writeConnection() error {
	t, ports := n.state.Topology, n.founder().Ports
	c := topology.Connection{
		Version: 1, Directory: n.layout.Dir, ControlSocket: n.layout.Socket(), Channel: t.Channel,
		Channels:  slices.Clone(n.state.Channels),
		Consensus: t.Consensus, Chaincode: n.state.Chaincode, EndorsementPolicy: t.EndorsementPolicy(),
		MSPRoots: map[string]string{}, Bitcoin: []topology.BitcoinNode{}, Ports: t.ServicePorts(ports),
		Gateway: n.server("gateway"), Auth: n.server("auth"),
	}
	for _, h := range n.homes {
		p := h.Partner
		c.MSPRoots[p.MSP] = h.Public().IdentityRoot()
		c.Peers = append(c.Peers, endpoint(h, "peer"))
		orderer := endpoint(h, "orderer")
		orderer.Admin = h.Address("orderer-admin")
		c.Orderers = append(c.Orderers, orderer)
		chaincode := endpoint(h, "chaincode")
		chaincode.Operations = ""
		c.Chaincodes = append(c.Chaincodes, chaincode)
		c.CAs = append(c.CAs, topology.Authority{
			Name: "ca." + p.Name, Partner: p.Name, MSP: p.MSP, URL: "http://" + h.Address("ca"),
			Identity: home.IdentityCA, TLS: home.TLSCA,
		})
		if t.HasBitcoin(p.Name) {
			c.Bitcoin = append(c.Bitcoin, bitcoinNode(h))
		}
		identities, err := h.Public().Identities()
		if err != nil {
			return err
		}
		c.Identities = append(c.Identities, enrolled(h, home.Identity{Name: "admin"}))
		for _, id := range identities {
			c.Identities = append(c.Identities, enrolled(h, id))
		}
	}
	return c.Write(n.layout.Connection())
}

// server is where the only service of a class answers; empty where the topology has none.
func (n *Network) server(class string) topology.Server {
	for _, h := range n.homes {
		for _, s := range n.state.Topology.Services {
			if s.Name == class && s.Partner == h.Partner.Name {
				return topology.Server{URL: "https://" + h.Ports.Address(s.Key()), Roots: h.Public().TLSRoot()}
			}
		}
	}
	return topology.Server{}
}

func endpoint(h *home.Home, class string) topology.Endpoint {
	return topology.Endpoint{
		Name: class + "." + h.Partner.Name, Partner: h.Partner.Name, MSP: h.Partner.MSP, Address: h.Address(class),
		ServerName: "localhost", TLSRoot: h.Public().TLSRoot(), Operations: h.Address(class + "-operations"),
	}
}

func bitcoinNode(h *home.Home) topology.BitcoinNode {
	return topology.BitcoinNode{
		Name: "btcd." + h.Partner.Name, Partner: h.Partner.Name, MSP: h.Partner.MSP,
		Network: h.Topology.Bitcoin.Network,
		RPC:     h.Address("btcd"), P2P: h.Address("btcd-p2p"),
		Certificate: h.BitcoinCertificate(), Credentials: h.BitcoinCredentials(),
	}
}

func enrolled(h *home.Home, id home.Identity) topology.Enrolled {
	dir := h.Identity(id.Name)
	return topology.Enrolled{
		Name: id.Name, Partner: h.Partner.Name, MSP: h.Partner.MSP, Role: id.Role, Party: id.Party,
		Certificate: home.Certificate(dir), Key: home.Key(dir), CA: home.Root(dir),
	}
}
