package state

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

func (t *Transaction) configInForce() (consortium.Config, error) {
	version, err := t.text(consortium.ConfigInForceKey())
	if err != nil || version == "" {
		return consortium.Config{}, err
	}
	return t.ConfigOf(version)
}

// ConfigOf loads a configuration by its version, in decimal.
func (t *Transaction) ConfigOf(version string) (consortium.Config, error) {
	n, err := ledger.ParseDecimal(version)
	if err != nil {
		return consortium.Config{}, err
	}
	return load[consortium.Config](t, consortium.ConfigKey(int(n)), consortium.ErrNoConfig)
}

// PutInForce stores a configuration as the one in force from now on.
func (t *Transaction) PutInForce(c consortium.Config) error {
	if err := t.put(consortium.ConfigKey(c.Version), c); err != nil {
		return err
	}
	return t.putText(consortium.ConfigInForceKey(), strconv.Itoa(c.Version))
}

// CreateProposal stores a configuration that is up for approval, under the hash of its bytes.
func (t *Transaction) CreateProposal(c consortium.Config) (hash string, err error) {
	document := ledger.Encode(c)
	hash = ledger.Digest(document)
	return hash, t.createText(consortium.ProposalKey(hash), string(document), consortium.ErrProposed)
}

// Proposal loads a proposed configuration by the hash of its bytes.
func (t *Transaction) Proposal(hash string) (consortium.Config, error) {
	if err := ledger.CheckID(hash); err != nil {
		return consortium.Config{}, err
	}
	return load[consortium.Config](t, consortium.ProposalKey(hash), consortium.ErrNotProposed)
}

// Approvals lists the partners that have approved a proposal. It reads each governing partner's mark by its
// own key, so that two approvals in one block conflict.
func (t *Transaction) Approvals(hash string) ([]string, error) {
	var approved []string
	for _, msp := range t.config.Homes(party.Governor) {
		ok, err := t.has(consortium.ApprovalKey(hash, msp))
		if err != nil {
			return nil, err
		}
		if ok {
			approved = append(approved, msp)
		}
	}
	return approved, nil
}

// PutApproval marks that the caller's partner has approved a proposal.
func (t *Transaction) PutApproval(hash string) error {
	return t.putText(consortium.ApprovalKey(hash, t.caller.MSP), ledger.Marker)
}
