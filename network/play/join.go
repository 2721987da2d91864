package play

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	fabricchannel "github.com/hyperledger/fabric-admin-sdk/pkg/channel"
	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/topology"
)

// join puts all orderers and then all peers on a channel.
func (n *Network) join(ctx context.Context, channel string) error {
	raw, err := os.ReadFile(n.layout.block(channel))
	if err != nil {
		return fmt.Errorf("join %s: %w", channel, err)
	}
	block := &common.Block{}
	if err := proto.Unmarshal(raw, block); err != nil {
		return fmt.Errorf("join %s: %w", channel, err)
	}
	if err := n.each(ctx, "orderer", func(ctx context.Context, p topology.Partner) error { return n.joinOrderer(ctx, p, block) }); err != nil {
		return err
	}
	n.report("orderers joined " + channel)
	if err := n.each(ctx, "peer", func(ctx context.Context, p topology.Partner) error { return n.joinPeer(ctx, p, block) }); err != nil {
		return err
	}
	n.report("peers joined " + channel)
	return nil
}

func (n *Network) joinOrderer(ctx context.Context, p topology.Partner, block *common.Block) error {
	pool, err := n.tlsPool(p)
	if err != nil {
		return err
	}
	dir := filepath.Join(n.layout.identity(p.Name, "admin"), "tls")
	client, err := tls.LoadX509KeyPair(certificate(dir), key(dir))
	if err != nil {
		return fmt.Errorf("admin's TLS key: %w", err)
	}
	return retry(ctx, func(context.Context) error {
		resp, err := fabricchannel.CreateChannel("https://"+n.ports.Address("orderer-admin."+p.Name), block, pool, client)
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
			return final{fmt.Errorf("%w: %s: %s", ErrFabric, resp.Status, said)}
		default:
			return fmt.Errorf("%w: %s: %s", ErrFabric, resp.Status, said)
		}
	})
}

func (n *Network) joinPeer(ctx context.Context, p topology.Partner, block *common.Block) error {
	conn, admin, err := n.asAdmin(p)
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

// asAdmin connects to a partner's peer in its administrator's name.
func (n *Network) asAdmin(p topology.Partner) (*grpc.ClientConn, identity.SigningIdentity, error) {
	dir := n.layout.identity(p.Name, "admin")
	cert, err := identity.ReadCertificate(certificate(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("admin of %s: %w", p.Name, err)
	}
	private, err := identity.ReadPrivateKey(key(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("admin of %s: %w", p.Name, err)
	}
	admin, err := identity.NewPrivateKeySigningIdentity(p.MSP, cert, private)
	if err != nil {
		return nil, nil, fmt.Errorf("admin of %s: %w", p.Name, err)
	}
	pool, err := n.tlsPool(p)
	if err != nil {
		return nil, nil, err
	}
	conn, err := grpc.NewClient(n.ports.Address("peer."+p.Name),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})),
		// gRPC's default first pause of 1 s slows the start down.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, MaxDelay: 500 * time.Millisecond},
			MinConnectTimeout: 2 * time.Second,
		}))
	if err != nil {
		return nil, nil, fmt.Errorf("peer of %s: %w", p.Name, err)
	}
	return conn, admin, nil
}

func (n *Network) tlsPool(p topology.Partner) (*x509.CertPool, error) {
	pool, err := host.Roots(n.layout.tlsRoot(p.Name))
	if err != nil {
		return nil, fmt.Errorf("%w: peer of %s: %w", ErrState, p.Name, err)
	}
	return pool, nil
}
