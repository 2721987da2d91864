package client

import (
	"context"
	"fmt"
	"slices"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"google.golang.org/protobuf/proto"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"

	"github.com/guildmark/guildmark/chaincode/signed"
)

// Plan names the organizations that shall endorse: sets to be tried in turn, since one that hangs or lags must not stop
// the others. An empty plan leaves it to the gateway, which doesn't know the custodian rule (T6).
type Plan [][]string

// Exactly is the plan of these organizations and no others.
func Exactly(orgs ...string) Plan { return Plan{orgs} }

// at is the set whose turn it is; nil for an empty plan.
func (p Plan) at(turn int) []string {
	if len(p) == 0 {
		return nil
	}
	return p[turn%len(p)]
}

// Quorum plans k of the signing organizations, at least one of the custodians among them; every such set is in it.
// With no custodians any k will do.
func Quorum(k int, signing, custodians []string) Plan {
	var plan Plan
	var grow func(from int, set []string)
	grow = func(from int, set []string) {
		if len(set) == k {
			if len(custodians) == 0 || slices.ContainsFunc(set, func(s string) bool { return slices.Contains(custodians, s) }) {
				plan = append(plan, slices.Clone(set))
			}
			return
		}
		for i := from; i < len(signing); i++ {
			grow(i+1, append(set, signing[i]))
		}
	}
	grow(0, nil)
	return plan
}

// Sign collects a signed answer of a read-only function: the gateway's Endorse step, never submitted. It works for any
// function, a writing one too: package signed refuses the result of that.
func (c *Client) Sign(ctx context.Context, plan Plan, function string, args ...string) (signed.File, error) {
	tx, err := c.endorse(ctx, plan, function, args)
	if err != nil {
		return signed.File{}, err
	}
	payload, err := envelopePayload(tx)
	if err != nil {
		return signed.File{}, fmt.Errorf("%s: %w", function, err)
	}
	f, err := signed.FromTransaction(payload)
	if err != nil {
		return signed.File{}, fmt.Errorf("%s: %w", function, err)
	}
	return f, nil
}

func envelopePayload(tx *fabric.Transaction) ([]byte, error) {
	raw, err := tx.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read transaction: %w", err)
	}
	var prepared gateway.PreparedTransaction
	if err := proto.Unmarshal(raw, &prepared); err != nil {
		return nil, fmt.Errorf("read transaction: %w", err)
	}
	return prepared.GetEnvelope().GetPayload(), nil
}

// endorse makes a proposal, and a new one for each further attempt: an old one would carry an old time.
func (c *Client) endorse(ctx context.Context, plan Plan, function string, args []string) (*fabric.Transaction, error) {
	var tx *fabric.Transaction
	err := c.persist(ctx, function, plan, func(ctx context.Context, n *node, turn int) error {
		options := []fabric.ProposalOption{fabric.WithArguments(args...)}
		timeout := c.limits.endorse
		if orgs := plan.at(turn); len(orgs) > 0 {
			options = append(options, fabric.WithEndorsingOrganizations(orgs...))
			timeout = c.limits.named
		}
		p, err := n.contract(c.channel, c.chaincode).NewProposal(function, options...)
		if err != nil {
			return fmt.Errorf("make proposal: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		tx, err = p.EndorseWithContext(ctx)
		return err
	})
	return tx, err
}
