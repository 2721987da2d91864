package governance

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Propose puts a configuration up for approval, and returns the hash of its bytes.
func Propose(t *state.Transaction, next consortium.Config) (string, error) {
	if err := checkNext(t, &next); err != nil {
		return "", err
	}
	hash, err := t.CreateProposal(next)
	if err != nil {
		return "", err
	}
	return hash, t.Event(ledger.EventConfigProposed, consortium.Proposed{Hash: hash, Version: next.Version})
}

// checkNext judges a configuration by the one in force, by this channel, and by what the rules of Bitcoin and
// of payment scripts can read.
func checkNext(t *state.Transaction, next *consortium.Config) error {
	if err := t.Config().Succeeds(next, t.Config().Hash()); err != nil {
		return err
	}
	if err := next.CheckChannel(t.Channel()); err != nil {
		return err
	}
	if _, err := spv.RulesFor(next.Bitcoin.Network, next.Bitcoin.FinalDepth, next.Bitcoin.Attestations); err != nil {
		return err
	}
	if _, err := spv.ParseRecord(next.Bitcoin.Checkpoint); err != nil {
		return err
	}
	_, err := payment.Parse(next.Treasury.Descriptor, next.Bitcoin.Network)
	return err
}

// Approve adds the caller's partner to those that approve a proposal, and puts it in force when they are
// enough.
func Approve(t *state.Transaction, hash string) (consortium.InForce, error) {
	next, err := t.Proposal(hash)
	if err != nil {
		return consortium.InForce{}, err
	}
	if err := checkNext(t, &next); err != nil { // another one may be in force since it was proposed
		return consortium.InForce{}, err
	}
	approved, err := t.Approvals(hash)
	if err != nil {
		return consortium.InForce{}, err
	}
	enough, err := t.Config().MayApprove(t.Caller().MSP, approved)
	if err != nil {
		return consortium.InForce{}, err
	}
	if err := t.PutApproval(hash); err != nil {
		return consortium.InForce{}, err
	}
	result := consortium.InForce{Version: t.Config().Version}
	event := consortium.Approved{Hash: hash, MSP: t.Caller().MSP}
	if enough {
		result.Version, event.Version = next.Version, next.Version
		if err := t.PutInForce(next); err != nil {
			return consortium.InForce{}, err
		}
	}
	return result, t.Event(ledger.EventConfigApproved, event)
}

// Config reads a configuration by its version, "" for the one in force.
func Config(t *state.Transaction, version string) (consortium.Config, error) {
	if version != "" {
		return t.ConfigOf(version)
	}
	c := t.Config()
	return *c, c.CheckInForce()
}
