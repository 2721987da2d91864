package play

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"

	"github.com/guildmark/guildmark/network/topology"
)

// stepLimit bounds one lifecycle call: a leader that dies in the middle costs 3 s (measured), then the call is tried again.
const stepLimit = 8 * time.Second

func (n *Network) install(ctx context.Context) error {
	content, id, err := Package(n.label(), n.state.Chaincode.SHA256)
	if err != nil {
		return err
	}
	return n.each(ctx, "install at peer", func(ctx context.Context, p topology.Partner) error {
		conn, admin, err := n.asAdmin(p)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		return retry(ctx, func(ctx context.Context) error {
			result, err := chaincode.NewPeer(conn, admin).Install(ctx, bytes.NewReader(content))
			switch {
			case err != nil && strings.Contains(err.Error(), "already successfully installed"):
				return nil
			case err != nil && strings.Contains(err.Error(), "external builder failed"):
				return final{fmt.Errorf("%w: %w", ErrFabric, err)}
			case err != nil:
				return err
			case result.GetPackageId() != id:
				return final{fmt.Errorf("%w: package id %s, expected %s", ErrFabric, result.GetPackageId(), id)}
			}
			return nil
		})
	})
}

func (n *Network) label() string {
	return n.state.Topology.Chaincode.Name + "_" + n.state.Topology.Chaincode.Version
}

func (n *Network) definition(channel string) (*chaincode.Definition, error) {
	policy, err := chaincode.NewApplicationPolicy(n.state.Topology.EndorsementPolicy(), "")
	if err != nil {
		return nil, fmt.Errorf("endorsement policy: %w", err)
	}
	c := n.state.Chaincode
	return &chaincode.Definition{
		ChannelName: channel, PackageID: c.PackageID, Name: c.Name, Version: c.Version, Sequence: c.Sequence, ApplicationPolicy: policy,
	}, nil
}

// approve has every partner's administrator consent to the definition.
func (n *Network) approve(ctx context.Context, channel string) error {
	definition, err := n.definition(channel)
	if err != nil {
		return err
	}
	return n.each(ctx, "approval", func(ctx context.Context, p topology.Partner) error {
		conn, admin, err := n.asAdmin(p)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		gateway := chaincode.NewGateway(conn, admin)
		return retry(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, stepLimit)
			defer cancel()
			err := gateway.Approve(ctx, definition)
			if err == nil {
				return nil
			}
			// A failure that BFT reports may be false (facts: Fabric 0): ask what stands.
			approved, askErr := gateway.QueryApproved(ctx, channel, definition.Name, definition.Sequence)
			if askErr == nil && approved.GetSource().GetLocalPackage().GetPackageId() == definition.PackageID {
				return nil
			}
			return err
		})
	})
}

// commit makes the definition effective, in the first partner's name, and waits until every peer knows it.
func (n *Network) commit(ctx context.Context, channel string) error {
	definition, err := n.definition(channel)
	if err != nil {
		return err
	}
	conn, admin, err := n.asAdmin(n.partners()[0])
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	gateway := chaincode.NewGateway(conn, admin)
	err = retry(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, stepLimit)
		defer cancel()
		err := gateway.Commit(ctx, definition)
		if err == nil {
			return nil
		}
		stands, askErr := gateway.QueryCommittedWithName(ctx, channel, definition.Name)
		if askErr == nil && stands.GetSequence() == definition.Sequence {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("commit definition on %s: %w", channel, err)
	}
	return n.each(ctx, "definition at peer", func(ctx context.Context, p topology.Partner) error { return n.committedAt(ctx, p, channel) })
}

func (n *Network) committedAt(ctx context.Context, p topology.Partner, channel string) error {
	conn, admin, err := n.asAdmin(p)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return retry(ctx, func(ctx context.Context) error {
		stands, err := chaincode.NewGateway(conn, admin).QueryCommittedWithName(ctx, channel, n.state.Chaincode.Name)
		if err == nil && stands.GetSequence() != n.state.Chaincode.Sequence {
			err = fmt.Errorf("%w: sequence %d", ErrFabric, stands.GetSequence())
		}
		return err
	})
}
