package play

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/network/ca"
	"github.com/guildmark/guildmark/network/topology"
)

// enrollPartner makes all key material of one partner from its own two CAs.
func (n *Network) enrollPartner(ctx context.Context, p topology.Partner) error {
	identities, err := n.newRegistrar(ctx, p, identityCA)
	if err != nil {
		return err
	}
	tls, err := n.newRegistrar(ctx, p, tlsCA)
	if err != nil {
		return err
	}
	if err := n.writeMSP(p); err != nil {
		return err
	}
	if err := n.enrollNodes(ctx, p, identities); err != nil {
		return err
	}
	if err := n.enrollTLS(ctx, p, tls); err != nil {
		return err
	}
	for _, id := range p.Identities {
		if err := n.enrollClient(ctx, p, identities, id.Name, id.Role); err != nil {
			return err
		}
	}
	return nil
}

// writeMSP writes what everybody may know of a partner: roots and the meaning of OUs.
func (n *Network) writeMSP(p topology.Partner) error {
	config, err := render("msp.yaml", nil)
	if err != nil {
		return err
	}
	for from, to := range map[string]string{
		root(n.registrarDir(p, identityCA)): n.layout.mspRoot(p.Name),
		root(n.registrarDir(p, tlsCA)):      n.layout.tlsRoot(p.Name),
	} {
		raw, err := os.ReadFile(from)
		if err != nil {
			return fmt.Errorf("msp of %s: %w", p.Name, err)
		}
		if err := put(to, raw); err != nil {
			return err
		}
	}
	return put(filepath.Join(n.layout.msp(p.Name), "config.yaml"), config)
}

// enrollNodes makes the certificates that act in Fabric: orderer, peer and admin; the first two also as MSP folders.
func (n *Network) enrollNodes(ctx context.Context, p topology.Partner, r registrar) error {
	for kind, dir := range map[string]string{
		"orderer": filepath.Join(n.layout.orderer(p.Name), "identity"),
		"peer":    filepath.Join(n.layout.peer(p.Name), "identity"),
		"admin":   n.layout.identity(p.Name, "admin"),
	} {
		if err := r.enroll(ctx, dir, ca.Registration{ID: kind + "." + p.Name, Type: kind}); err != nil {
			return err
		}
	}
	for _, dir := range []string{n.layout.orderer(p.Name), n.layout.peer(p.Name)} {
		if err := n.writeNodeMSP(p, dir); err != nil {
			return err
		}
	}
	return nil
}

// writeNodeMSP lays a node's identity out as Fabric's "local MSP" folder.
func (n *Network) writeNodeMSP(p topology.Partner, dir string) error {
	msp := filepath.Join(dir, "msp")
	for from, to := range map[string]string{
		n.layout.mspRoot(p.Name):                           filepath.Join(msp, "cacerts", "ca.pem"),
		n.layout.tlsRoot(p.Name):                           filepath.Join(msp, "tlscacerts", "tlsca.pem"),
		filepath.Join(n.layout.msp(p.Name), "config.yaml"): filepath.Join(msp, "config.yaml"),
		certificate(filepath.Join(dir, "identity")):        filepath.Join(msp, "signcerts", "cert.pem"),
		key(filepath.Join(dir, "identity")):                filepath.Join(msp, "keystore", "priv_sk"),
	} {
		raw, err := os.ReadFile(from)
		if err != nil {
			return fmt.Errorf("node msp of %s: %w", p.Name, err)
		}
		if err := put(to, raw); err != nil {
			return err
		}
	}
	return nil
}

// enrollTLS makes the certificates that protect connections, one for each end.
func (n *Network) enrollTLS(ctx context.Context, p topology.Partner, r registrar) error {
	ends := map[string]string{
		"orderer":          filepath.Join(n.layout.orderer(p.Name), "tls"),
		"peer":             filepath.Join(n.layout.peer(p.Name), "tls"),
		"chaincode":        filepath.Join(n.layout.chaincode(p.Name), "server"),
		"chaincode-client": filepath.Join(n.layout.chaincode(p.Name), "client"), // the peer, when it calls its chaincode
		"admin":            filepath.Join(n.layout.identity(p.Name, "admin"), "tls"),
	}
	for _, s := range n.state.Topology.Services {
		if s.Partner == p.Name {
			ends[s.Name] = filepath.Join(n.layout.service(p.Name, s.Name), "tls")
		}
	}
	// One name for all connections of a partner: what is checked there is the root and the host, never the name.
	first, err := r.one(ctx, ca.Registration{ID: "tls." + p.Name, Type: "client"}, "tls")
	if err != nil {
		return err
	}
	for _, dir := range ends {
		end, err := r.client.Reenroll(ctx, first, "tls."+p.Name, "tls", loopback())
		if err != nil {
			return err
		}
		if err := store(dir, end); err != nil {
			return err
		}
	}
	return nil
}

// enrollClient makes an identity that clients act under, with its role and a party id of this partner's home (T1).
func (n *Network) enrollClient(ctx context.Context, p topology.Partner, r registrar, name, role string) error {
	attributes := []ca.Attribute{{Name: "party", Value: n.state.Parties[p.Name+"/"+name], ECert: true}}
	if role != "" {
		attributes = append(attributes, ca.Attribute{Name: "role", Value: role, ECert: true})
	}
	return r.enroll(ctx, n.layout.identity(p.Name, name), ca.Registration{ID: name + "." + p.Name, Type: "client", Attributes: attributes})
}

// AddIdentity enrolls somebody new at a running partner's CA and makes it known to clients.
func (n *Network) AddIdentity(ctx context.Context, partner, name, role string) (topology.Enrolled, error) {
	next, p, err := n.state.Topology.WithIdentity(partner, topology.Identity{Name: name, Role: role})
	if err != nil {
		return topology.Enrolled{}, err
	}
	r, err := n.oldRegistrar(p, identityCA)
	if err != nil {
		return topology.Enrolled{}, err
	}
	n.state.giveParty(p, name)
	if err := n.enrollClient(ctx, p, r, name, role); err != nil {
		return topology.Enrolled{}, err
	}
	n.state.Topology = next
	if err := n.state.write(n.layout); err != nil {
		return topology.Enrolled{}, err
	}
	if err := n.writeConnection(); err != nil {
		return topology.Enrolled{}, err
	}
	return n.enrolled(p, topology.Identity{Name: name, Role: role}), nil
}
