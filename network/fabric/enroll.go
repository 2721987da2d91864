package fabric

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/network/ca"
	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

//go:embed config
var configs embed.FS

// Enroll makes all key material of the partner from its own two authorities, which run, and publishes what
// the other partners need of it.
func Enroll(ctx context.Context, h *home.Home) error {
	identities, err := newRegistrar(ctx, h, home.IdentityCA)
	if err != nil {
		return err
	}
	tls, err := newRegistrar(ctx, h, home.TLSCA)
	if err != nil {
		return err
	}
	if err := publishMSP(h); err != nil {
		return err
	}
	if err := enrollNodes(ctx, h, identities); err != nil {
		return err
	}
	if err := enrollTLS(ctx, h, tls); err != nil {
		return err
	}
	for _, id := range h.Partner.Identities {
		if err := enrollClient(ctx, h, identities, id); err != nil {
			return err
		}
	}
	return publish(h)
}

// AddIdentity enrolls another identity at the partner's running authority.
func AddIdentity(ctx context.Context, h *home.Home, id topology.Identity) error {
	r, err := oldRegistrar(h, home.IdentityCA)
	if err != nil {
		return err
	}
	if err := h.AddIdentity(id); err != nil {
		return err
	}
	if err := enrollClient(ctx, h, r, id); err != nil {
		return err
	}
	return h.PublishIdentities()
}

// publishMSP publishes roots and the meaning of OUs.
func publishMSP(h *home.Home) error {
	config, err := configs.ReadFile("config/msp.yaml")
	if err != nil {
		return fmt.Errorf("msp of %s: %w", h.Partner.Name, err)
	}
	if err := home.Put(h.Public().MSPConfig(), config); err != nil {
		return err
	}
	if err := home.Copy(home.Root(h.Registrar(home.IdentityCA)), h.Public().IdentityRoot()); err != nil {
		return err
	}
	return home.Copy(home.Root(h.Registrar(home.TLSCA)), h.Public().TLSRoot())
}

// publish publishes the orderer's certificates, which stand in a genesis block, and the list of identities.
func publish(h *home.Home) error {
	if err := home.Copy(home.Certificate(filepath.Join(h.Orderer(), "identity")),
		h.Public().ConsenterIdentity()); err != nil {
		return err
	}
	if err := home.Copy(home.Certificate(filepath.Join(h.Orderer(), "tls")), h.Public().ConsenterTLS()); err != nil {
		return err
	}
	return h.PublishIdentities()
}

// enrollNodes makes the certificates that act in Fabric: orderer, peer and admin; the first two also as MSP
// folders.
func enrollNodes(ctx context.Context, h *home.Home, r registrar) error {
	for kind, dir := range map[string]string{
		"orderer": filepath.Join(h.Orderer(), "identity"),
		"peer":    filepath.Join(h.Peer(), "identity"),
		"admin":   h.Identity("admin"),
	} {
		if err := r.enroll(ctx, dir, ca.Registration{ID: kind + "." + h.Partner.Name, Type: kind}); err != nil {
			return err
		}
	}
	for _, dir := range []string{h.Orderer(), h.Peer()} {
		if err := writeNodeMSP(h, dir); err != nil {
			return err
		}
	}
	return nil
}

// writeNodeMSP lays a node's identity out as Fabric's "local MSP" folder.
func writeNodeMSP(h *home.Home, dir string) error {
	msp := filepath.Join(dir, "msp")
	for from, to := range map[string]string{
		h.Public().IdentityRoot():                        filepath.Join(msp, "cacerts", "ca.pem"),
		h.Public().TLSRoot():                             filepath.Join(msp, "tlscacerts", "tlsca.pem"),
		h.Public().MSPConfig():                           filepath.Join(msp, "config.yaml"),
		home.Certificate(filepath.Join(dir, "identity")): filepath.Join(msp, "signcerts", "cert.pem"),
		home.Key(filepath.Join(dir, "identity")):         filepath.Join(msp, "keystore", "priv_sk"),
	} {
		if err := home.Copy(from, to); err != nil {
			return err
		}
	}
	return nil
}

// enrollTLS makes the certificates that protect connections, one for each end.
func enrollTLS(ctx context.Context, h *home.Home, r registrar) error {
	ends := []string{
		filepath.Join(h.Orderer(), "tls"),
		filepath.Join(h.Peer(), "tls"),
		filepath.Join(h.Chaincode(), "server"),
		filepath.Join(h.Chaincode(), "client"), // the peer, when it calls its chaincode
		filepath.Join(h.Identity("admin"), "tls"),
	}
	for _, s := range h.Topology.Services {
		if s.Partner == h.Partner.Name {
			ends = append(ends, filepath.Join(h.Service(s.Name), "tls"))
		}
	}
	// One name for all connections of a partner: peers check the root and the host, not the name.
	first, err := r.one(ctx, ca.Registration{ID: "tls." + h.Partner.Name, Type: "client"}, "tls")
	if err != nil {
		return err
	}
	for _, dir := range ends {
		end, err := r.client.Reenroll(ctx, first, "tls."+h.Partner.Name, "tls", loopback())
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
func enrollClient(ctx context.Context, h *home.Home, r registrar, id topology.Identity) error {
	attributes := []ca.Attribute{{Name: "party", Value: h.Party(id.Name), ECert: true}}
	if id.Role != "" {
		attributes = append(attributes, ca.Attribute{Name: "role", Value: id.Role, ECert: true})
	}
	return r.enroll(ctx, h.Identity(id.Name),
		ca.Registration{ID: id.Name + "." + h.Partner.Name, Type: "client", Attributes: attributes})
}

// registrar is the identity that may register others at one authority. It is stored, so that identities can
// be added later.
type registrar struct {
	client   ca.Client
	identity ca.Enrolled
}

func clientOf(h *home.Home, authority string) ca.Client {
	return ca.Client{URL: "http://" + h.Address("ca"), Name: authority}
}

// newRegistrar enrolls the registrar with its one-time password and removes the password's file.
func newRegistrar(ctx context.Context, h *home.Home, authority string) (registrar, error) {
	password, err := os.ReadFile(h.RegistrarPassword(authority))
	if err != nil {
		return registrar{}, fmt.Errorf("registrar of %s: %w", h.Partner.Name, err)
	}
	client := clientOf(h, authority)
	enrolled, err := client.Enroll(ctx, "registrar", string(password), "", nil)
	if err != nil {
		return registrar{}, err
	}
	if err := store(h.Registrar(authority), enrolled); err != nil {
		return registrar{}, err
	}
	if err := os.Remove(h.RegistrarPassword(authority)); err != nil {
		return registrar{}, fmt.Errorf("registrar of %s: %w", h.Partner.Name, err)
	}
	return registrar{client, enrolled}, nil
}

// oldRegistrar is the registrar as newRegistrar stored it.
func oldRegistrar(h *home.Home, authority string) (registrar, error) {
	dir := h.Registrar(authority)
	cert, err := os.ReadFile(home.Certificate(dir))
	if err != nil {
		return registrar{}, fmt.Errorf("registrar of %s: %w", h.Partner.Name, err)
	}
	private, err := os.ReadFile(home.Key(dir))
	if err != nil {
		return registrar{}, fmt.Errorf("registrar of %s: %w", h.Partner.Name, err)
	}
	enrolled, err := ca.Resume(cert, private)
	return registrar{clientOf(h, authority), enrolled}, err
}

// loopback lists the host names of all servers of this network.
func loopback() []string { return []string{"localhost", "127.0.0.1"} }

// one registers an identity and enrolls it at once; its secret exists only during this call.
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
	for path, content := range map[string][]byte{
		home.Certificate(dir): e.Certificate, home.Key(dir): e.Key,
		home.Root(dir): e.Root,
	} {
		if len(content) == 0 {
			continue // a resumed registrar has no root
		}
		if err := home.Put(path, content); err != nil {
			return err
		}
	}
	return nil
}
