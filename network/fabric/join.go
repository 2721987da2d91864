package fabric

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/cenkalti/backoff/v5"
	fabricchannel "github.com/hyperledger/fabric-admin-sdk/pkg/channel"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/guildmark/guildmark/network/home"
)

// genesisBlock reads a channel's first block as one of the partners published it.
func genesisBlock(h *home.Home, channel string) (*common.Block, error) {
	for _, p := range h.Topology.Partners {
		raw, err := os.ReadFile(h.Of(p.Name).Genesis(channel))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("genesis block of %s: %w", channel, err)
		}
		block := &common.Block{}
		if err := proto.Unmarshal(raw, block); err != nil {
			return nil, fmt.Errorf("genesis block of %s by %s: %w", channel, p.Name, err)
		}
		return block, nil
	}
	return nil, fmt.Errorf("genesis block of %s: no partner has published one", channel)
}

// JoinOrderer puts the partner's orderer on a channel.
func JoinOrderer(ctx context.Context, h *home.Home, channel string) error {
	block, err := genesisBlock(h, channel)
	if err != nil {
		return err
	}
	pool, err := ownRoots(h)
	if err != nil {
		return err
	}
	dir := filepath.Join(h.Identity("admin"), "tls")
	client, err := tls.LoadX509KeyPair(home.Certificate(dir), home.Key(dir))
	if err != nil {
		return fmt.Errorf("admin's TLS key: %w", err)
	}
	return retry(ctx, func(context.Context) error {
		resp, err := fabricchannel.CreateChannel("https://"+h.Address("orderer-admin"), block, pool, client)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		said, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		if err != nil {
			return err
		}
		switch resp.StatusCode {
		case http.StatusCreated, http.StatusMethodNotAllowed: // 405: it is on the channel already
			return nil
		case http.StatusBadRequest, http.StatusForbidden:
			return backoff.Permanent(fmt.Errorf("%w: %s: %s", ErrFabric, resp.Status, said))
		default:
			return fmt.Errorf("%w: %s: %s", ErrFabric, resp.Status, said)
		}
	})
}

// JoinPeer puts the partner's peer on a channel.
func JoinPeer(ctx context.Context, h *home.Home, channel string) error {
	block, err := genesisBlock(h, channel)
	if err != nil {
		return err
	}
	conn, admin, err := asAdmin(h)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return retry(ctx, func(ctx context.Context) error { // /healthz is 200 before gRPC listens
		err := fabricchannel.JoinChannel(ctx, conn, admin, block)
		if err != nil && strings.Contains(err.Error(), "already exists") {
			return nil
		}
		return err
	})
}
