package play

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/network/ca"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// The two CAs of each partner's CA process.
const (
	identityCA = "identity"
	tlsCA      = "tls"
)

func (n *Network) caClient(p topology.Partner, name string) ca.Client {
	return ca.Client{URL: "http://" + n.ports.Address("ca."+p.Name), Name: name}
}

// configureCA writes the configuration of a partner's CA process, with a fresh password for each CA's registrar.
func (n *Network) configureCA(p topology.Partner) error {
	for name, file := range map[string]string{
		identityCA: filepath.Join(n.layout.ca(p.Name), "fabric-ca-server-config.yaml"),
		tlsCA:      filepath.Join(n.layout.ca(p.Name), "tls", "fabric-ca-server-config.yaml"),
	} {
		n.secrets[p.Name+"/"+name] = secret()
		raw, err := render("ca-"+name+".yaml", map[string]any{
			"Partner": p.Name, "MSP": p.MSP, "Name": name, "Secret": n.secrets[p.Name+"/"+name],
			"Port": n.ports["ca."+p.Name], "Operations": n.ports["ca-operations."+p.Name],
		})
		if err != nil {
			return err
		}
		if err := put(file, raw); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) caSpec(p topology.Partner) node.Spec {
	return node.Spec{
		Name: "ca." + p.Name, Class: "ca", Partner: p.Name,
		Path: n.programs.tool("fabric-ca-server"),
		// Listens on all addresses unless told so; the registrars' passwords are in the configuration files, never here.
		Args:  []string{"start", "--address", "127.0.0.1", "-H", n.layout.ca(p.Name)},
		Dir:   n.layout.ca(p.Name),
		Ready: node.Probe{HTTP: "http://" + n.ports.Address("ca."+p.Name) + "/cainfo?ca=" + tlsCA},
	}
}

// registrar is somebody who may register others at one CA; kept so that identities can be added later.
type registrar struct {
	client   ca.Client
	identity ca.Enrolled
}

func (n *Network) registrarDir(p topology.Partner, name string) string {
	return filepath.Join(n.layout.ca(p.Name), "registrar", name)
}

// newRegistrar enrolls the registrar with its one-time password.
func (n *Network) newRegistrar(ctx context.Context, p topology.Partner, name string) (registrar, error) {
	client := n.caClient(p, name)
	enrolled, err := client.Enroll(ctx, "registrar", n.secrets[p.Name+"/"+name], "", nil)
	if err != nil {
		return registrar{}, err
	}
	return registrar{client, enrolled}, store(n.registrarDir(p, name), enrolled)
}

// oldRegistrar is the registrar as newRegistrar stored it.
func (n *Network) oldRegistrar(p topology.Partner, name string) (registrar, error) {
	dir := n.registrarDir(p, name)
	cert, err := os.ReadFile(certificate(dir))
	if err != nil {
		return registrar{}, fmt.Errorf("registrar: %w", err)
	}
	private, err := os.ReadFile(key(dir))
	if err != nil {
		return registrar{}, fmt.Errorf("registrar: %w", err)
	}
	enrolled, err := ca.Resume(cert, private)
	return registrar{n.caClient(p, name), enrolled}, err
}

// loopback is where everything of this network listens.
func loopback() []string { return []string{"localhost", "127.0.0.1"} }

// one registers somebody and enrolls them at once; the secret lives only in this call.
func (r registrar) one(ctx context.Context, who ca.Registration, profile string) (ca.Enrolled, error) {
	secret, err := r.client.Register(ctx, r.identity, who)
	if err != nil {
		return ca.Enrolled{}, err
	}
	var hosts []string
	if profile == "tls" {
		hosts = loopback()
	}
	return r.client.Enroll(ctx, who.ID, secret, profile, hosts)
}

// enroll makes an identity and stores it in its folder.
func (r registrar) enroll(ctx context.Context, dir string, who ca.Registration) error {
	enrolled, err := r.one(ctx, who, "")
	if err != nil {
		return err
	}
	return store(dir, enrolled)
}

func store(dir string, e ca.Enrolled) error {
	for path, content := range map[string][]byte{certificate(dir): e.Certificate, key(dir): e.Key, root(dir): e.Root} {
		if len(content) == 0 {
			continue // a resumed registrar has no root
		}
		if err := put(path, content); err != nil {
			return err
		}
	}
	return nil
}
