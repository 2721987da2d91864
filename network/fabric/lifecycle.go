package fabric

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hyperledger/fabric-admin-sdk/pkg/chaincode"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// stepLimit bounds one lifecycle call: a leader that dies in the middle costs 3 s (measured), then the call
// is tried again.
const stepLimit = 8 * time.Second

// Adopt gives the partner its own copy of the chaincode and its builder, and returns the package that it will
// install, which is the same for all partners with the same binary. Network is the program that becomes the
// builder.
func Adopt(h *home.Home, network, program string) (topology.Installed, error) {
	if err := layBuilder(h, network); err != nil {
		return topology.Installed{}, err
	}
	if err := home.Put(addressFile(h.Chaincode()), []byte(h.Address("chaincode")+"\n")); err != nil {
		return topology.Installed{}, err
	}
	if err := home.CopyProgram(program, programFile(h.Chaincode())); err != nil {
		return topology.Installed{}, err
	}
	return installed(h.Topology.Chaincode.Name, h.Topology.Chaincode.Version, programFile(h.Chaincode()))
}

// AdoptBeside gives the partner its copy of another chaincode, which will listen on an address of its own.
func AdoptBeside(h *home.Home, name, program, address string) (topology.Installed, error) {
	dir := h.Beside(name)
	if err := home.Put(addressFile(dir), []byte(address+"\n")); err != nil {
		return topology.Installed{}, err
	}
	if err := home.CopyProgram(program, programFile(dir)); err != nil {
		return topology.Installed{}, err
	}
	return installed(name, h.Topology.Chaincode.Version, programFile(dir))
}

func installed(name, version, program string) (topology.Installed, error) {
	sum, err := SumFile(program)
	if err != nil {
		return topology.Installed{}, err
	}
	c := topology.Installed{Name: name, Version: version, Sequence: 1, SHA256: sum}
	_, c.PackageID, err = Package(label(c), sum)
	return c, err
}

// label is the readable part of a package's id.
func label(c topology.Installed) string { return c.Name + "_" + c.Version }

// Install puts the chaincode's package into the partner's peer.
func Install(ctx context.Context, h *home.Home, c topology.Installed) error {
	content, id, err := Package(label(c), c.SHA256)
	if err != nil {
		return err
	}
	conn, admin, err := asAdmin(h)
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
			return backoff.Permanent(fmt.Errorf("%w: %w", ErrFabric, err))
		case err != nil:
			return err
		case result.GetPackageId() != id:
			return backoff.Permanent(fmt.Errorf("%w: expected package id %s, got %s", ErrFabric, id,
				result.GetPackageId()))
		}
		return nil
	})
}

func definition(h *home.Home, channel string, c topology.Installed) (*chaincode.Definition, error) {
	policy, err := chaincode.NewApplicationPolicy(h.Topology.EndorsementPolicy(), "")
	if err != nil {
		return nil, fmt.Errorf("endorsement policy: %w", err)
	}
	return &chaincode.Definition{
		ChannelName: channel, PackageID: c.PackageID, Name: c.Name, Version: c.Version, Sequence: c.Sequence,
		ApplicationPolicy: policy,
	}, nil
}

// Approve is the partner's consent to the chaincode's definition on a channel.
func Approve(ctx context.Context, h *home.Home, channel string, c topology.Installed) error {
	wanted, err := definition(h, channel, c)
	if err != nil {
		return err
	}
	conn, admin, err := asAdmin(h)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	gateway := chaincode.NewGateway(conn, admin)
	return retry(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, stepLimit)
		defer cancel()
		err := gateway.Approve(ctx, wanted)
		if err == nil {
			return nil
		}
		// BFT may report a failure of a call that committed: ask for the approval.
		approved, askErr := gateway.QueryApproved(ctx, channel, wanted.Name, wanted.Sequence)
		if askErr == nil && approved.GetSource().GetLocalPackage().GetPackageId() == wanted.PackageID {
			return nil
		}
		return err
	})
}

// Commit makes a definition effective that enough partners have approved.
func Commit(ctx context.Context, h *home.Home, channel string, c topology.Installed) error {
	wanted, err := definition(h, channel, c)
	if err != nil {
		return err
	}
	conn, admin, err := asAdmin(h)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	gateway := chaincode.NewGateway(conn, admin)
	return retry(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, stepLimit)
		defer cancel()
		err := gateway.Commit(ctx, wanted)
		if err == nil {
			return nil
		}
		stands, askErr := gateway.QueryCommittedWithName(ctx, channel, wanted.Name)
		if askErr == nil && stands.GetSequence() == wanted.Sequence {
			return nil
		}
		return err
	})
}

// AwaitCommit waits until the partner's own peer knows the definition.
func AwaitCommit(ctx context.Context, h *home.Home, channel string, c topology.Installed) error {
	conn, admin, err := asAdmin(h)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return retry(ctx, func(ctx context.Context) error {
		stands, err := chaincode.NewGateway(conn, admin).QueryCommittedWithName(ctx, channel, c.Name)
		if err == nil && stands.GetSequence() != c.Sequence {
			err = fmt.Errorf("%w: expected sequence %d at the peer, got %d", ErrFabric, c.Sequence,
				stands.GetSequence())
		}
		return err
	})
}
