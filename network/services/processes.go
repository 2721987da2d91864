package services

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Line is the product line of the demonstration's machines.
const Line = "mixer-1"

// object is a configuration file of another program: its own documentation says what the keys mean.
type object = map[string]any

func (s *services) startHeartbeats(ctx context.Context) error {
	var specs []node.Spec
	for _, p := range s.conn.Peers {
		spec, err := s.partner("heartbeat", p.Partner, object{"interval": s.options.Heartbeat}, false)
		if err != nil {
			return err
		}
		specs = append(specs, spec)
	}
	// The first one ticks; the others find the clock fresh and step in when it grows old.
	if err := s.run(ctx, specs[0]); err != nil {
		return err
	}
	if err := awaitClock(ctx, s.as); err != nil {
		return err
	}
	return s.run(ctx, specs[1:]...)
}

func (s *services) startPartners(ctx context.Context) error {
	var specs []node.Spec
	for _, b := range s.conn.Bitcoin {
		spec, err := s.partner("oracle", b.Partner, object{
			"state": s.folder(b.Partner, "oracle"), "node": b.Name, "interval": "500ms",
		}, false)
		if err != nil {
			return err
		}
		specs = append(specs, spec)
	}
	for _, p := range s.conn.Peers {
		if !signing(p.Partner) {
			continue
		}
		spec, err := s.partner("custodian", p.Partner, object{
			"state": s.folder(p.Partner, "custodian"), "ekRoots": s.ekRoots(),
			"gateway": object{"url": s.url("gateway"), "roots": s.tlsRoot("operator")},
		}, true)
		if err != nil {
			return err
		}
		specs = append(specs, spec)
	}
	registrar, err := s.partner("registrar", "manufacturer", object{
		"state": s.folder("manufacturer", "registrar"), "ekRoots": s.ekRoots(),
		"codes": filepath.Join(s.folder("manufacturer", "registrar"), "codes.json"),
		"lines": []string{Line}, "gateway": s.url("gateway"), "issuer": s.url("auth"),
	}, true)
	if err != nil {
		return err
	}
	return s.run(ctx, append(specs, registrar)...)
}

func (s *services) startGateway(ctx context.Context) error {
	auth, err := s.operator("auth", object{
		"listen": s.address("auth"), "issuer": s.url("auth"), "audience": s.url("gateway"),
		"connection": s.connectionFile(), "identity": s.identity("operator", "reader-auth"),
		"signingKeys": filepath.Join(s.folder("operator", "auth"), "keys.json"),
		"used":        filepath.Join(s.folder("operator", "auth"), "used.db"), "log": "info",
	})
	if err != nil {
		return err
	}
	var roots, buyers, custodians []any
	for _, p := range s.conn.Peers {
		roots = append(roots, s.tlsRoot(p.Partner))
		if signing(p.Partner) {
			custodians = append(custodians, object{"msp": p.MSP, "url": s.url("custodian." + p.Partner)})
		}
	}
	for _, id := range s.conn.Identities {
		if id.Role == "buyer" {
			buyers = append(buyers, object{"party": id.Party, "identity": s.identity(id.Partner, id.Name)})
		}
	}
	gateway, err := s.operator("gateway", object{
		"listen": s.address("gateway"), "url": s.url("gateway"), "roots": roots, "issuer": s.url("auth"),
		"connection": s.connectionFile(), "reader": s.identity("operator", "reader"), "buyers": buyers,
		"model":   filepath.Join(s.folder("operator", "gateway"), "model.db"),
		"content": filepath.Join(s.folder("operator", "gateway"), "content"), "custodians": custodians, "log": "info",
	})
	if err != nil {
		return err
	}
	return s.run(ctx, auth, gateway)
}

// partner writes the configuration of `partner <service>` and says how it is run. Open ones face other machines and
// speak TLS; the others answer only the supervisor, on loopback.
func (s *services) partner(service, partner string, own object, open bool) (node.Spec, error) {
	name := service + "." + partner
	folder := s.folder(partner, service)
	tls := object{"certificate": "", "key": "", "clients": ""}
	probe := node.Probe{HTTP: "http://" + s.address(name) + "/healthz"}
	if open {
		tls["certificate"], tls["key"] = filepath.Join(folder, "tls", "cert.pem"), filepath.Join(folder, "tls", "key.pem")
		probe = node.Probe{HTTP: s.url(name) + "/healthz", Root: s.tlsRoot(partner)}
	}
	own["connection"], own["identity"] = s.connectionFile(), s.identity(partner, service)
	own["listen"], own["tls"] = s.address(name), tls
	config := filepath.Join(folder, "config.json")
	if err := writeConfig(config, own); err != nil {
		return node.Spec{}, err
	}
	return node.Spec{
		Name: name, Class: service, Partner: partner, Path: filepath.Join(s.options.Programs, "partner"),
		Args: []string{service, "--config", config}, Ready: probe, After: []string{"peer." + partner},
	}, nil
}

// operator writes the configuration of one of the operator's own servers and says how it is run.
func (s *services) operator(name string, own object) (node.Spec, error) {
	folder := s.folder("operator", name)
	own["certificate"], own["key"] = filepath.Join(folder, "tls", "cert.pem"), filepath.Join(folder, "tls", "key.pem")
	config := filepath.Join(folder, "config.json")
	if err := writeConfig(config, own); err != nil {
		return node.Spec{}, err
	}
	return node.Spec{
		Name: name, Class: name, Partner: "operator", Path: filepath.Join(s.options.Programs, name), Args: []string{"--config", config},
		Ready: node.Probe{HTTP: s.url(name) + "/v1/health", Root: s.tlsRoot("operator")}, After: []string{"peer.operator"},
	}, nil
}

func writeConfig(path string, config object) error {
	raw, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	return host.Replace(path, append(raw, '\n'), host.Private)
}

// ekRoots names who vouches for machines' TPMs: emulators only, in a folder that the demonstration fills.
func (s *services) ekRoots() object { return object{"tpm": "", "vtpm": s.options.EKRoots} }

func (s *services) address(service string) string {
	return fmt.Sprintf("127.0.0.1:%d", s.conn.Ports[service])
}

func (s *services) url(service string) string { return "https://" + s.address(service) }

func (s *services) tlsRoot(partner string) string { return TLSRoot(s.conn, partner) }

// TLSRoot is the PEM file that a partner's servers are trusted by.
func TLSRoot(conn topology.Connection, partner string) string {
	return filepath.Join(conn.Directory, partner, "msp", "tlscacerts", "tlsca.pem")
}

// RegisterCode lets the registrar draw a one-time enrollment code for a buyer's machine.
func RegisterCode(ctx context.Context, conn topology.Connection, programs, owner string) (string, error) {
	config := filepath.Join(conn.Directory, "manufacturer", "services", "registrar", "config.json")
	if _, err := os.Stat(config); err != nil {
		return "", fmt.Errorf("enrollment code: %w", err)
	}
	out, err := output(ctx, filepath.Join(programs, "partner"), "registrar", "code", "--config", config, "--owner", owner, "--line", Line)
	if err != nil {
		return "", fmt.Errorf("enrollment code: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
