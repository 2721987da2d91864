package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// logLevel: at warn an orderer writes a line per transaction that a client cancels (measured).
const logLevel = "FABRIC_LOGGING_SPEC=error"

// Orderer describes the partner's orderer.
func Orderer(h *home.Home, p Programs) (node.Spec, error) {
	dir := h.Orderer()
	raw, err := render("orderer.yaml", map[string]any{
		"Partner": h.Partner.Name, "MSP": h.Partner.MSP, "Port": h.Ports["orderer."+h.Partner.Name],
		"TLS":    filepath.Join(dir, "tls"),
		"MSPDir": filepath.Join(dir, "msp"), "Data": filepath.Join(dir, "data"),
		"Operations": h.Address("orderer-operations"), "Admin": h.Address("orderer-admin"),
	})
	if err != nil {
		return node.Spec{}, err
	}
	return node.Spec{
		Name: "orderer." + h.Partner.Name, Class: "orderer", Partner: h.Partner.Name,
		Path: p.Tool("orderer"), Dir: dir,
		Env:   []string{"FABRIC_CFG_PATH=" + dir, logLevel},
		Ready: node.Probe{HTTP: "http://" + h.Address("orderer-operations") + "/healthz"},
	}, home.Put(filepath.Join(dir, "orderer.yaml"), raw)
}

// Peer describes the partner's peer.
func Peer(h *home.Home, p Programs) (node.Spec, error) {
	dir := h.Peer()
	raw, err := render("core.yaml", map[string]any{
		"Partner": h.Partner.Name, "MSP": h.Partner.MSP, "Address": h.Address("peer"),
		"TLS":    filepath.Join(dir, "tls"),
		"MSPDir": filepath.Join(dir, "msp"), "Data": filepath.Join(dir, "data"), "Builder": h.Builder(),
		"ChaincodeListen": h.Address("peer-chaincode"), "Operations": h.Address("peer-operations"),
	})
	if err != nil {
		return node.Spec{}, err
	}
	tmp := filepath.Join(dir, "tmp") // the builder's scratch, inside the home
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return node.Spec{}, fmt.Errorf("peer of %s: %w", h.Partner.Name, err)
	}
	return node.Spec{
		Name: "peer." + h.Partner.Name, Class: "peer", Partner: h.Partner.Name,
		Path: p.Tool("peer"), Args: []string{"node", "start"}, Dir: dir,
		Env:   []string{"FABRIC_CFG_PATH=" + dir, logLevel, "TMPDIR=" + tmp},
		Ready: node.Probe{HTTP: "http://" + h.Address("peer-operations") + "/healthz"},
	}, home.Put(filepath.Join(dir, "core.yaml"), raw)
}

// Chaincode describes the process of the partner's own copy of the binary, so that the file whose hash the
// builder compared is the file that runs, also when the chaincode is built again.
func Chaincode(h *home.Home, c topology.Installed) node.Spec {
	dir := h.Chaincode()
	server := filepath.Join(dir, "server")
	return node.Spec{
		Name: "chaincode." + h.Partner.Name, Class: "chaincode", Partner: h.Partner.Name,
		Path: filepath.Join(dir, "chaincode"), Dir: dir,
		Env: []string{
			"CHAINCODE_ID=" + c.PackageID,
			"CHAINCODE_ADDRESS=" + h.Address("chaincode"),
			"CHAINCODE_TLS_CERT=" + home.Certificate(server),
			"CHAINCODE_TLS_KEY=" + home.Key(server),
			"CHAINCODE_TLS_CLIENT_CA=" + home.Root(server),
		},
		Ready: node.Probe{TCP: h.Address("chaincode")},
	}
}

// Beside describes the process of the partner's copy of another chaincode, with the same TLS and an address
// of its own.
func Beside(h *home.Home, c topology.Installed, address string) node.Spec {
	spec := Chaincode(h, c)
	spec.Name, spec.Class = "chaincode-"+c.Name+"."+h.Partner.Name, "chaincode-"+c.Name
	spec.Dir = h.Beside(c.Name)
	spec.Path, spec.Ready = filepath.Join(spec.Dir, "chaincode"), node.Probe{TCP: address}
	for i, e := range spec.Env {
		if strings.HasPrefix(e, "CHAINCODE_ADDRESS=") {
			spec.Env[i] = "CHAINCODE_ADDRESS=" + address
		}
	}
	return spec
}
