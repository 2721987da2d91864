package topology

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Errors that a caller can act on.
var (
	// ErrSyntax means that the description is not the expected JSON. Mend the file.
	ErrSyntax = errors.New("topology syntax")

	// ErrInvalid means that the description can't work. Change the value that the text behind it names.
	ErrInvalid = errors.New("topology invalid")

	// ErrIdentity means that no identity, or more than one, has the name. Write one that the connection file lists.
	ErrIdentity = errors.New("identity unknown")
)

// Consensus names an ordering protocol.
type Consensus string

// BFT tolerates one lying orderer of four. Raft tolerates crashes only, with 1.75 times fewer CPU cycles a
// transaction (network/docs/fabric.md).
const (
	BFT  Consensus = "bft"
	Raft Consensus = "raft"
)

// Topology is a consortium. Every partner runs one CA, one orderer, one peer and one chaincode process.
type Topology struct {
	Version   int       `json:"version"`
	Channel   string    `json:"channel"`
	Consensus Consensus `json:"consensus"`
	Chaincode Chaincode `json:"chaincode"`
	Bitcoin   Bitcoin   `json:"bitcoin,omitzero"`
	Partners  []Partner `json:"partners"`
	Services  []Service `json:"services,omitempty"`
}

// Chaincode names the chaincode and the partners whose peers endorse it.
type Chaincode struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Endorse   int      `json:"endorse"`
	Endorsers []string `json:"endorsers"` // partners' names
}

// Bitcoin names the network and the partners that run a Bitcoin node.
type Bitcoin struct {
	Network string   `json:"network"`
	Nodes   []string `json:"nodes"` // partners' names
}

// Partner is an organization of the consortium.
type Partner struct {
	Name       string     `json:"name"`
	MSP        string     `json:"msp"`
	Identities []Identity `json:"identities,omitempty"`
}

// Identity is somebody whom the partner's CA enrolls as a client.
type Identity struct {
	Name string `json:"name"`
	Role string `json:"role,omitempty"` // empty: no role attribute
}

// Service reserves a port and a TLS certificate for a process that a partner runs.
type Service struct {
	Name    string `json:"name"`    // its class: oracle, gateway, ...
	Partner string `json:"partner"` // who runs it
	// the only one of its class: its port is called "gateway", not "gateway.operator"
	Shared bool `json:"shared,omitempty"`
}

// Key is the service's name in the table of ports and in the list of processes.
func (s Service) Key() string {
	if s.Shared {
		return s.Name
	}
	return s.Name + "." + s.Partner
}

//go:embed consortium.json
var consortium []byte

// Default is the consortium of four partners that ships with the product.
func Default() (Topology, error) { return Decode(consortium) }

// Read decodes the description in a file.
func Read(path string) (Topology, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Topology{}, fmt.Errorf("read topology: %w", err)
	}
	t, err := Decode(raw)
	if err != nil {
		return Topology{}, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Partner finds a partner by name.
func (t Topology) Partner(name string) (Partner, bool) {
	for _, p := range t.Partners {
		if p.Name == name {
			return p, true
		}
	}
	return Partner{}, false
}

// HasBitcoin reports whether the partner runs a Bitcoin node.
func (t Topology) HasBitcoin(partner string) bool {
	return slices.Contains(t.Bitcoin.Nodes, partner)
}

// EndorsementPolicy is the chaincode's policy in Fabric's syntax: k of the endorsing partners' peers.
func (t Topology) EndorsementPolicy() string {
	var b strings.Builder
	fmt.Fprintf(&b, "OutOf(%d", t.Chaincode.Endorse)
	for _, name := range t.Chaincode.Endorsers {
		p, _ := t.Partner(name)
		fmt.Fprintf(&b, ",'%s.peer'", p.MSP)
	}
	b.WriteString(")")
	return b.String()
}

// WithIdentity returns the topology with one more identity at a partner, or [ErrInvalid].
func (t Topology) WithIdentity(partner string, id Identity) (Topology, Partner, error) {
	t.Partners = slices.Clone(t.Partners)
	for i, p := range t.Partners {
		if p.Name != partner {
			continue
		}
		p.Identities = append(slices.Clone(p.Identities), id)
		t.Partners[i] = p
		return t, p, t.Validate()
	}
	return t, Partner{}, fmt.Errorf("%w: no partner %q", ErrInvalid, partner)
}

// DefaultText is the text of [Default], for people who start a description of their own.
func DefaultText() []byte { return slices.Clone(consortium) }
