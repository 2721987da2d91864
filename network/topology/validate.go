package topology

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// Roles that a certificate may carry. Which MSP may grant which is the ledger's rule (T1), not the network's.
func roles() []string {
	return []string{
		"auditor", "buyer", "cosigner", "custodian", "governor", "heartbeat", "licensor", "manufacturer",
		"machine", "operator", "oracle", "reader", "registrar", "",
	}
}

// Names become folders, host parts, channel and MSP ids; Fabric's own limits are wider.
func patterns() (name, msp, version *regexp.Regexp) {
	return regexp.MustCompile(`^[a-z][a-z0-9-]{0,23}$`), regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,30}MSP$`), regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)
}

// fewest is how many orderers a protocol needs: BFT tolerates f of 3f+1, so four for one; a Raft of one is for quick tests.
func fewest(c Consensus) int {
	if c == BFT {
		return 4
	}
	return 1
}

// Validate refuses what can't work, with [ErrInvalid] and a sentence that says where.
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
		return fmt.Errorf("version %d, this program knows 1", t.Version)
	case !name.MatchString(t.Channel):
		return fmt.Errorf("channel %q is not a name (lower case letters, digits, hyphens)", t.Channel)
	case !name.MatchString(t.Chaincode.Name):
		return fmt.Errorf("chaincode name %q is not a name", t.Chaincode.Name)
	case !version.MatchString(t.Chaincode.Version):
		return fmt.Errorf("chaincode version %q is not a version such as 1.0", t.Chaincode.Version)
	case t.Consensus != BFT && t.Consensus != Raft:
		return fmt.Errorf("consensus %q, known are %s and %s", t.Consensus, BFT, Raft)
	case len(t.Partners) < fewest(t.Consensus):
		return fmt.Errorf("%d partners, consensus %s needs at least %d", len(t.Partners), t.Consensus, fewest(t.Consensus))
	}
	return errors.Join(t.validatePartners(), t.validateChaincode(), t.validateBitcoin(), t.validateServices(), t.validatePorts())
}

func (t Topology) validatePartners() error {
	names, msps := map[string]bool{}, map[string]bool{}
	name, msp, _ := patterns()
	for i, p := range t.Partners {
		switch {
		case !name.MatchString(p.Name):
			return fmt.Errorf("partner %d: %q is not a name (lower case letters, digits, hyphens)", i, p.Name)
		case !msp.MatchString(p.MSP):
			return fmt.Errorf("partner %s: msp %q is not a name such as OperatorMSP", p.Name, p.MSP)
		case names[p.Name]:
			return fmt.Errorf("partner %s twice", p.Name)
		case msps[p.MSP]:
			return fmt.Errorf("msp %s twice", p.MSP)
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
			return fmt.Errorf("partner %s: identity %s twice, or one that the network makes itself", p.Name, id.Name)
		case !slices.Contains(roles(), id.Role):
			return fmt.Errorf("partner %s: identity %s: role %q is not known", p.Name, id.Name, id.Role)
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
		return fmt.Errorf("chaincode: endorse %d of %d endorsers", c.Endorse, len(c.Endorsers))
	}
	return nil
}

func (t Topology) validateBitcoin() error {
	if err := t.checkPartners("bitcoin nodes", t.Bitcoin.Nodes); err != nil {
		return err
	}
	if t.Bitcoin.Network != "regtest" {
		return fmt.Errorf("bitcoin network %q: only regtest nodes are run here", t.Bitcoin.Network)
	}
	return nil
}

func (t Topology) checkPartners(what string, names []string) error {
	seen := map[string]bool{}
	for _, n := range names {
		if _, ok := t.Partner(n); !ok {
			return fmt.Errorf("%s: no partner %q", what, n)
		}
		if seen[n] {
			return fmt.Errorf("%s: %s twice", what, n)
		}
		seen[n] = true
	}
	return nil
}

func (t Topology) validateServices() error {
	name, _, _ := patterns()
	reserved := []string{"ca", "orderer", "peer", "chaincode", "btcd", "spare", "supervisor", "admin", "chaincode-client"}
	seen := map[string]bool{}
	for _, s := range t.Services {
		if _, ok := t.Partner(s.Partner); !ok {
			return fmt.Errorf("service %s: no partner %q", s.Name, s.Partner)
		}
		if !name.MatchString(s.Name) || slices.Contains(reserved, s.Name) {
			return fmt.Errorf("service %q is not a name, or one that the network uses itself", s.Name)
		}
		if seen[s.Key()] || s.Shared && seen[s.Name+"/"] {
			return fmt.Errorf("service %s twice", s.Key())
		}
		seen[s.Key()], seen[s.Name+"/"] = true, true
	}
	return nil
}

func (t Topology) validatePorts() error {
	if n := len(t.portNames()); n >= BlockSize {
		return fmt.Errorf("%d ports needed, a network has %d", n, BlockSize-1)
	}
	return nil
}
