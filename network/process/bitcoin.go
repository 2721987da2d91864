package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
)

// rpcCredentials is the file that clients of a Bitcoin node read.
type rpcCredentials struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// Bitcoin describes the partner's Bitcoin node; mined blocks pay mineTo ("": it does not mine). The result
// has no name for a partner without a node.
func Bitcoin(h *home.Home, p Programs, mineTo string) (node.Spec, error) {
	if !h.Topology.HasBitcoin(h.Partner.Name) {
		return node.Spec{}, nil
	}
	dir := h.Bitcoin()
	credentials, err := bitcoinCredentials(h)
	if err != nil {
		return node.Spec{}, err
	}
	var neighbors []string
	for _, other := range h.Topology.Bitcoin.Nodes {
		if other != h.Partner.Name {
			neighbors = append(neighbors, h.Ports.Address("btcd-p2p."+other))
		}
	}
	raw, err := render("btcd.conf", map[string]any{
		"Partner": h.Partner.Name, "Dir": dir, "P2P": h.Address("btcd-p2p"), "RPC": h.Address("btcd"),
		"User": credentials.User, "Password": credentials.Password, "Neighbors": neighbors, "MineTo": mineTo,
	})
	if err != nil {
		return node.Spec{}, err
	}
	config := filepath.Join(dir, "btcd.conf")
	return node.Spec{
		Name: "btcd." + h.Partner.Name, Class: "btcd", Partner: h.Partner.Name,
		Path: p.Tool("btcd"), Args: []string{"--configfile=" + config}, Dir: dir,
		Ready: node.Probe{TCP: h.Address("btcd")},
	}, home.Put(config, raw)
}

func bitcoinCredentials(h *home.Home) (rpcCredentials, error) {
	path := h.BitcoinCredentials()
	var c rpcCredentials
	raw, err := os.ReadFile(path)
	if err == nil {
		return c, json.Unmarshal(raw, &c)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("bitcoin credentials: %w", err)
	}
	c = rpcCredentials{User: h.Partner.Name, Password: secret()}
	if raw, err = json.Marshal(c); err != nil { //nolint:gosec // for a file of mode 0600
		return c, fmt.Errorf("bitcoin credentials: %w", err)
	}
	return c, home.Put(path, raw)
}
