package client

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"

	"github.com/guildmark/guildmark/chaincode/host"
)

// pool holds a gateway connection to each peer; the SDK itself has no failover.
type pool struct {
	mu    sync.Mutex
	nodes []*node
	at    int // index of the node in use
	rota  rota
}

// node is the connection to one peer's gateway.
type node struct {
	name string
	msp  string
	conn *grpc.ClientConn
	gw   *fabric.Gateway

	mu  sync.Mutex
	has map[string]uint64 // by channel: the highest block that the peer is known to have
}

func (p *pool) current() *node {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nodes[p.at]
}

// leave makes the next node the current one, unless another call has left n already.
func (p *pool) leave(n *node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.nodes[p.at] == n {
		p.at = (p.at + 1) % len(p.nodes)
	}
}

func (p *pool) close() error {
	var errs []error
	for _, n := range p.nodes {
		errs = append(errs, n.gw.Close(), n.conn.Close())
	}
	return errors.Join(errs...)
}

// ownFirst orders the peers: those of one's own partner before the others.
func ownFirst(peers []endpoint, msp string) []endpoint {
	out := slices.Clone(peers)
	slices.SortStableFunc(out, func(a, b endpoint) int {
		return map[bool]int{true: 0, false: 1}[a.MSP == msp] - map[bool]int{true: 0, false: 1}[b.MSP == msp]
	})
	return out
}

func dial(p endpoint, id Identity) (*node, error) {
	roots, err := host.Roots(p.TLSRoot)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	conn, err := grpc.NewClient(p.Address,
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, p.ServerName)),
		// gRPC's own first wait of 1 s slows a start (network/docs/fabric.md)
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2,
				MaxDelay: 500 * time.Millisecond,
			},
			MinConnectTimeout: 2 * time.Second,
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(100<<20))) // as large as Fabric's peers allow
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	n, err := newNode(p.Name, p.MSP, conn, id)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return n, nil
}

func newNode(name, msp string, conn *grpc.ClientConn, id Identity) (*node, error) {
	cert, err := identity.CertificateFromPEM(id.Certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	x, err := identity.NewX509Identity(id.MSP, cert)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	gw, err := fabric.Connect(x, fabric.WithSign(id.Sign), fabric.WithClientConnection(conn))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	return &node{name: name, msp: msp, conn: conn, gw: gw, has: map[string]uint64{}}, nil
}
