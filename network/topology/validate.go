package topology

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// roles lists the roles that a certificate may have. Which MSP may grant which role is decided on the ledger (T1).
func roles() []string {
	return []string{
		"auditor", "buyer", "cosigner", "custodian", "governor", "heartbeat", "licensor", "manufacturer",
		"machine", "operator", "oracle", "reader", "registrar", "",
	}
}

// patterns are for names that become folders, parts of host names, channels and MSP ids; Fabric's own limits
// are wider.
func patterns() (name, msp, version *regexp.Regexp) {
	return regexp.MustCompile(`^[a-z][a-z0-9-]{0,23}$`), regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,30}MSP$`),
		regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)
}

// fewest is how many orderers a protocol needs: BFT tolerates f faults of 3f+1, so four for one; Raft with
// one is for quick tests.
func fewest(c Consensus) int {
	if c == BFT {
		return 4
	}
	return 1
}

// Validate returns [ErrInvalid] for a description that can't work, with the value seen and the value expected.
func (t Topology) Validate() error {
	if err := t.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

func (t Topology) validate() error {
	name, _, version := patterns()
	switch {
	case t.Version != 1:
		return fmt.Errorf("version: expected 1, got %d", t.Version)
	case !name.MatchString(t.Channel):
		return fmt.Errorf("channel: %q is not a name (a letter, then lower case letters, digits and hyphens, "+
			"at most 24)", t.Channel)
	case !name.MatchString(t.Chaincode.Name):
		return fmt.Errorf("chaincode: %q is not a name (a letter, then lower case letters, digits and "+
			"hyphens, at most 24)", t.Chaincode.Name)
	case !version.MatchString(t.Chaincode.Version):
		return fmt.Errorf("chaincode: expected a version such as 1.0, got %q", t.Chaincode.Version)
	case t.Consensus != BFT && t.Consensus != Raft:
		return fmt.Errorf("consensus: expected %s or %s, got %q", BFT, Raft, t.Consensus)
	case len(t.Partners) < fewest(t.Consensus):
		return fmt.Errorf("partners: consensus %s needs at least %d, got %d", t.Consensus, fewest(t.Consensus),
			len(t.Partners))
	}
	return errors.Join(t.validatePartners(), t.validateChaincode(), t.validateBitcoin(), t.validateServices(),
		t.validatePorts())
}

func (t Topology) validatePartners() error {
	names, msps := map[string]bool{}, map[string]bool{}
	name, msp, _ := patterns()
	for i, p := range t.Partners {
		switch {
		case !name.MatchString(p.Name):
			return fmt.Errorf("partner %d: %q is not a name (a letter, then lower case letters, digits and "+
				"hyphens, at most 24)", i, p.Name)
		case !msp.MatchString(p.MSP):
			return fmt.Errorf("partner %s: expected an msp such as OperatorMSP, got %q", p.Name, p.MSP)
		case names[p.Name]:
			return fmt.Errorf("partner %s is listed twice", p.Name)
		case msps[p.MSP]:
			return fmt.Errorf("msp %s is listed twice", p.MSP)
		}
		names[p.Name], msps[p.MSP] = true, true
		if err := validateIdentities(p); err != nil {
			return err
		}
	}
	return nil
}

func validateIdentities(p Partner) error {
	name, _, _ := patterns()
	seen := map[string]bool{"orderer": true, "peer": true, "admin": true, "registrar-ca": true}
	for _, id := range p.Identities {
		switch {
		case !name.MatchString(id.Name):
			return fmt.Errorf("partner %s: identity %q is not a name", p.Name, id.Name)
		case seen[id.Name]:
			return fmt.Errorf("partner %s: identity %s is listed twice, or is one that the network makes itself", p.Name, id.Name)
		case !slices.Contains(roles(), id.Role):
			return fmt.Errorf("partner %s: identity %s: expected no role or one of %s, got %q", p.Name, id.Name,
				strings.TrimSuffix(strings.Join(roles(), ", "), ", "), id.Role)
		}
		seen[id.Name] = true
	}
	return nil
}

func (t Topology) validateChaincode() error {
	c := t.Chaincode
	if err := t.checkPartners("chaincode endorsers", c.Endorsers); err != nil {
		return err
	}
	if c.Endorse < 1 || c.Endorse > len(c.Endorsers) {
		return fmt.Errorf("chaincode: endorse must be between 1 and the number of endorsers (%d), got %d",
			len(c.Endorsers), c.Endorse)
	}
	return nil
}

func (t Topology) validateBitcoin() error {
	if err := t.checkPartners("bitcoin nodes", t.Bitcoin.Nodes); err != nil {
		return err
	}
	if t.Bitcoin.Network != "regtest" {
		return fmt.Errorf("bitcoin: expected network regtest, the only one whose nodes are run here, got %q",
			t.Bitcoin.Network)
	}
	return nil
}

func (t Topology) checkPartners(what string, names []string) error {
	seen := map[string]bool{}
	for _, n := range names {
		if _, ok := t.Partner(n); !ok {
			return fmt.Errorf("%s: there is no partner %q", what, n)
		}
		if seen[n] {
			return fmt.Errorf("%s: %s is listed twice", what, n)
		}
		seen[n] = true
	}
	return nil
}

func (t Topology) validateServices() error {
	name, _, _ := patterns()
	reserved := []string{
		"ca", "orderer", "peer", "chaincode", "btcd", "spare", "supervisor", "admin",
		"chaincode-client",
	}
	seen := map[string]bool{}
	for _, s := range t.Services {
		if _, ok := t.Partner(s.Partner); !ok {
			return fmt.Errorf("service %s: there is no partner %q", s.Name, s.Partner)
		}
		if !name.MatchString(s.Name) || slices.Contains(reserved, s.Name) {
			return fmt.Errorf("service: %q is not a name, or is one that the network uses itself", s.Name)
		}
		if seen[s.Key()] || s.Shared && seen[s.Name+"/"] {
			return fmt.Errorf("service %s is listed twice", s.Key())
		}
		seen[s.Key()], seen[s.Name+"/"] = true, true
	}
	return nil
}

func (t Topology) validatePorts() error {
	if n := len(t.portNames()); n >= BlockSize {
		return fmt.Errorf("ports: a network has %d, this one needs %d", BlockSize-1, n)
	}
	return nil
}
