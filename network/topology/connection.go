package topology

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/chaincode/host"
)

// Connection is the file that clients of a running network read, build/net/connection.json;
// network/docs/layout.md describes it. All paths are absolute.
type Connection struct {
	Version           int               `json:"version"`
	Directory         string            `json:"directory"`
	ControlSocket     string            `json:"control_socket"`
	Channel           string            `json:"channel"`
	Channels          []string          `json:"channels"`
	Consensus         Consensus         `json:"consensus"`
	Chaincode         Installed         `json:"chaincode"`
	EndorsementPolicy string            `json:"endorsement_policy"`
	MSPRoots          map[string]string `json:"msp_roots"`
	Peers             []Endpoint        `json:"peers"`
	Orderers          []Endpoint        `json:"orderers"`
	Chaincodes        []Endpoint        `json:"chaincodes"`
	CAs               []Authority       `json:"cas"`
	Bitcoin           []BitcoinNode     `json:"bitcoin"`
	Identities        []Enrolled        `json:"identities"`
	Ports             Ports             `json:"ports"`
	Gateway           Server            `json:"gateway"`
	Auth              Server            `json:"auth"`
}

// Server says where clients reach one of the product's servers, and the PEM file of roots for its certificate.
type Server struct {
	URL   string `json:"url"`
	Roots string `json:"roots"`
}

// Installed is the chaincode that runs.
type Installed struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Sequence  int64  `json:"sequence"`
	PackageID string `json:"package_id"`
	SHA256    string `json:"sha256"` // of the binary, hexadecimal
}

// Endpoint says where a partner's peer, orderer or chaincode listens.
type Endpoint struct {
	Name       string `json:"name"`
	Partner    string `json:"partner"`
	MSP        string `json:"msp"`
	Address    string `json:"address"`
	ServerName string `json:"server_name,omitempty"`
	TLSRoot    string `json:"tls_root,omitempty"`
	Operations string `json:"operations,omitempty"`
	Admin      string `json:"admin,omitempty"`
}

// Authority is a partner's CA process, which holds two CAs.
type Authority struct {
	Name     string `json:"name"`
	Partner  string `json:"partner"`
	MSP      string `json:"msp"`
	URL      string `json:"url"`
	Identity string `json:"identity"`
	TLS      string `json:"tls"`
}

// BitcoinNode is a partner's node.
type BitcoinNode struct {
	Name        string `json:"name"`
	Partner     string `json:"partner"`
	MSP         string `json:"msp"`
	Network     string `json:"network"`
	RPC         string `json:"rpc"`
	P2P         string `json:"p2p"`
	Certificate string `json:"certificate"`
	Credentials string `json:"credentials"`
}

// Enrolled is an identity with a certificate.
type Enrolled struct {
	Name        string `json:"name"`
	Partner     string `json:"partner"`
	MSP         string `json:"msp"`
	Role        string `json:"role,omitempty"`
	Party       string `json:"party,omitempty"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	CA          string `json:"ca"`
}

// ReadConnection reads a connection file.
func ReadConnection(path string) (Connection, error) {
	var c Connection
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read connection: %w", err)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("read connection %s: %w: %w", path, ErrSyntax, err)
	}
	if c.Version != 1 {
		return c, fmt.Errorf("read connection %s: %w: expected version 1, got %d", path, ErrInvalid, c.Version)
	}
	return c, nil
}

// Party finds a party by the name of an identity: buyer1, or operator/buyer1 where identities of two partners
// have the name.
func (c Connection) Party(name string) (string, error) {
	var found []Enrolled
	for _, id := range c.Identities {
		if id.Party != "" && (name == id.Name || name == id.Partner+"/"+id.Name) {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 1:
		return found[0].Party, nil
	case 0:
		return "", fmt.Errorf("%w: no identity has the name %q; expected one of the connection file's, or a "+
			"party id, like OperatorMSP.0123456789abcdef", ErrIdentity, name)
	}
	return "", fmt.Errorf("%w: %d partners have an identity with the name %q; write %s/%s", ErrIdentity,
		len(found), name, found[0].Partner, name)
}

// Write replaces the connection file in one step; only its owner reads it.
func (c Connection) Write(path string) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write connection: %w", err)
	}
	return host.Replace(path, append(raw, '\n'), host.Private)
}

// Peer finds a partner's peer.
func (c Connection) Peer(partner string) (Endpoint, bool) {
	for _, p := range c.Peers {
		if p.Partner == partner {
			return p, true
		}
	}
	return Endpoint{}, false
}

// TLSRoot is the PEM file that a partner's servers are trusted by; "" for an unknown partner.
func (c Connection) TLSRoot(partner string) string {
	p, _ := c.Peer(partner)
	return p.TLSRoot
}

// Identity finds an enrolled identity by partner and name.
func (c Connection) Identity(partner, name string) (Enrolled, bool) {
	for _, id := range c.Identities {
		if id.Partner == partner && id.Name == name {
			return id, true
		}
	}
	return Enrolled{}, false
}
