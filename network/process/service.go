package process

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Market is the part of the services' configuration that is not in the partner's home.
type Market struct {
	Programs   string   // folder of the product's programs: partner, gateway, auth
	Connection string   // connection.json
	EKRoots    string   // file or folder of the roots that vouch for virtual TPMs
	Heartbeat  string   // pause between two ticks, as a Go duration
	Lines      []string // product lines that the registrar serves
}

// object is a configuration file of another program; network/docs/services.md and the program's own page
// explain the keys.
type object = map[string]any

// Service describes one of the services that the topology lists for this partner. It returns false for a name
// that only reserves a port.
func Service(h *home.Home, class string, m Market) (node.Spec, bool, error) {
	var own object
	program, open := "partner", false // open ones face other computers and speak TLS, the others answer on loopback
	switch class {
	case "heartbeat":
		own = object{"interval": m.Heartbeat}
	case "oracle":
		own = object{"state": h.Service(class), "node": "btcd." + h.Partner.Name, "interval": "500ms"}
	case "custodian":
		open, own = true, object{"state": h.Service(class), "ekRoots": m.ekRoots(), "gateway": gatewayOf(h)}
	case "registrar":
		open, own = true, object{
			"state": h.Service(class), "ekRoots": m.ekRoots(), "codes": filepath.Join(h.Service(class), "codes.json"),
			"lines": m.Lines, "gateway": url(h, "gateway"), "issuer": url(h, "auth"),
		}
	case "auth":
		program, own = class, authConfig(h)
	case "gateway":
		program, own = class, gatewayConfig(h)
	default:
		return node.Spec{}, false, nil
	}
	own["connection"] = m.Connection
	spec, err := m.lay(h, class, program, own, open)
	return spec, true, err
}

// lay writes the configuration of a service and says how it is run: its log is JSON lines, to the last error.
func (m Market) lay(h *home.Home, class, program string, own object, open bool) (node.Spec, error) {
	tls, config := filepath.Join(h.Service(class), "tls"), filepath.Join(h.Service(class), "config.json")
	spec := node.Spec{
		Name: serviceName(h, class), Class: class, Partner: h.Partner.Name, Path: filepath.Join(m.Programs, program),
		Args: []string{"--config", config, "--output", "json"}, After: []string{"peer." + h.Partner.Name},
	}
	own["listen"] = h.Ports.Address(spec.Name)
	if program == "partner" {
		spec.Args = append([]string{class}, spec.Args...)
		spec.Ready = node.Probe{HTTP: "http://" + h.Ports.Address(spec.Name) + "/healthz"}
		own["identity"], own["tls"] = h.Identity(class), object{"certificate": "", "key": "", "clients": ""}
		if open {
			spec.Ready = node.Probe{HTTP: url(h, spec.Name) + "/healthz", Root: h.Public().TLSRoot()}
			own["tls"] = object{"certificate": home.Certificate(tls), "key": home.Key(tls), "clients": ""}
		}
	} else {
		spec.Ready = node.Probe{HTTP: url(h, spec.Name) + "/v1/health", Root: h.Public().TLSRoot()}
		own["certificate"], own["key"] = home.Certificate(tls), home.Key(tls)
	}
	raw, err := json.MarshalIndent(own, "", "  ")
	if err != nil {
		return spec, fmt.Errorf("configuration of %s: %w", spec.Name, err)
	}
	return spec, home.Put(config, append(raw, '\n'))
}

func authConfig(h *home.Home) object {
	return object{
		"issuer": url(h, "auth"), "audience": url(h, "gateway"), "identity": h.Identity("reader-auth"),
		"signingKeys": filepath.Join(h.Service("auth"), "keys.json"),
		"used":        filepath.Join(h.Service("auth"), "used.db"), "log": "info",
	}
}

func gatewayConfig(h *home.Home) object {
	var roots []string
	var buyers, custodians []object
	for _, p := range h.Topology.Partners {
		roots = append(roots, h.Of(p.Name).TLSRoot())
	}
	for _, s := range h.Topology.Services {
		if p, ok := h.Topology.Partner(s.Partner); ok && s.Name == "custodian" {
			custodians = append(custodians, object{"msp": p.MSP, "url": url(h, s.Key())})
		}
	}
	for _, id := range h.Partner.Identities {
		if id.Role == "buyer" {
			buyers = append(buyers, object{"party": h.Party(id.Name), "identity": h.Identity(id.Name)})
		}
	}
	return object{
		"url": url(h, "gateway"), "roots": roots, "issuer": url(h, "auth"), "reader": h.Identity("reader"),
		"buyers":     buyers,
		"model":      filepath.Join(h.Service("gateway"), "model.db"),
		"content":    filepath.Join(h.Service("gateway"), "content"),
		"custodians": custodians, "log": "info",
	}
}

// gatewayOf is where a custodian fetches content, with the roots of the certificate that it expects there.
func gatewayOf(h *home.Home) object {
	roots := ""
	if i := slices.IndexFunc(h.Topology.Services,
		func(s topology.Service) bool { return s.Name == "gateway" }); i >= 0 {
		roots = h.Of(h.Topology.Services[i].Partner).TLSRoot()
	}
	return object{"url": url(h, "gateway"), "roots": roots}
}

// ekRoots names who vouches for machines' TPMs: for emulators only.
func (m Market) ekRoots() object { return object{"tpm": "", "vtpm": m.EKRoots} }

func serviceName(h *home.Home, class string) string {
	for _, s := range h.Topology.Services {
		if s.Name == class && s.Partner == h.Partner.Name {
			return s.Key()
		}
	}
	return class + "." + h.Partner.Name
}

func url(h *home.Home, service string) string { return "https://" + h.Ports.Address(service) }
