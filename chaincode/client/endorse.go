package client

import (
	"context"
	"fmt"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"google.golang.org/protobuf/proto"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"

	"github.com/guildmark/guildmark/chaincode/signed"
)

// Sign collects a signed answer of a read-only function: the gateway's Endorse step without a submit. Of a
// writing function it collects one too, which package signed rejects.
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
func (c *Client) endorse(ctx context.Context, plan Plan, function string, args []string) (*fabric.Transaction,
	error,
) {
	var tx *fabric.Transaction
	err := c.persist(ctx, function, plan, func(ctx context.Context, n *node, organizations []string) error {
		options := []fabric.ProposalOption{fabric.WithArguments(args...)}
		timeout := c.limits.endorse
		if len(organizations) > 0 {
			options = append(options, fabric.WithEndorsingOrganizations(organizations...))
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
