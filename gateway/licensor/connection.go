package licensor

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Connection is what a licensor reads in a network's connection.json (network/docs/layout.md).
type Connection struct {
	Gateway    Server     `json:"gateway"`
	Identities []Enrolled `json:"identities"`

	path string
}

// Server is where a server answers, and the PEM file of roots for its certificate; empty where there is none.
type Server struct {
	URL   string `json:"url"`
	Roots string `json:"roots"`
}

// Enrolled is an identity of the network.
type Enrolled struct {
	Name        string `json:"name"`
	Partner     string `json:"partner"`
	MSP         string `json:"msp"`
	Role        string `json:"role"`
	Party       string `json:"party"`
	Certificate string `json:"certificate"`
}

// ReadConnection reads a connection file.
func ReadConnection(path string) (Connection, error) {
	c := Connection{path: path}
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read connection: %w", err)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("read connection %s: %w", path, err)
	}
	return c, nil
}

// MSPOf finds whose identity lies in dir.
func (c Connection) MSPOf(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the identity: %w", err)
	}
	for _, id := range c.Identities {
		if filepath.Dir(id.Certificate) == dir {
			return id.MSP, nil
		}
	}
	return "", ErrIdentity.With(dir + " is not listed in " + c.path)
}

// Party finds a party by its id, or by the name of an identity: licensor2, or licensors/licensor2 where identities of
// two partners have the name.
func (c Connection) Party(name string) (string, error) {
	if ledger.IsParty(name) {
		return name, nil
	}
	var found []Enrolled
	var known []string
	for _, id := range c.Identities {
		if id.Party == "" {
			continue
		}
		if name == id.Name || name == id.Partner+"/"+id.Name {
			found = append(found, id)
		}
		if id.Role == "licensor" { // the usual payees; all parties would not fit the line
			known = append(known, id.Name)
		}
	}
	switch len(found) {
	case 1:
		return found[0].Party, nil
	case 0:
		return "", ErrParty.With(fmt.Sprintf("%q; licensors are %s", name, words(known)))
	}
	return "", ErrParty.With(fmt.Sprintf("%q, which %d partners have: write %s/%s", name, len(found),
		found[0].Partner, name))
}

// NameOf is the name of a party's identity for people, or the party id where the connection file does not list it.
func (c Connection) NameOf(party string) string {
	for _, id := range c.Identities {
		if id.Party == party && party != "" {
			return id.Name
		}
	}
	return party
}
