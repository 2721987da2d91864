package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// Config are the client's options; the zero value suits most programs.
type Config struct {
	Identity *Identity    // instead of the folder's; its key may sit in a TPM
	Channel  string       // default: the connection file's
	Own      bool         // ask only one's own partner's peer, and believe only it (custodians, cosigners)
	Seen     *Seen        // shared by clients that read each other's writes; default: the client's own
	Newest   bool         // for tools that act on what other processes wrote: see Seen
	Log      *slog.Logger // default: none
}

// Client calls the ledger as one identity, on one channel. It is safe for concurrent use.
type Client struct {
	pool      *pool
	id        Identity
	creator   []byte // serialized identity
	channel   string
	chaincode string
	own       bool
	seen      *Seen
	newest    bool
	limits    limits
	log       *slog.Logger
}

// Open makes a client of the connection file (network/docs/layout.md) and an identity's folder. A connection
// is made when the first call needs it.
func Open(connectionFile, identityDir string, config Config) (*Client, error) {
	conn, err := readConnection(connectionFile)
	if err != nil {
		return nil, err
	}
	id, err := conn.identity(identityDir, config)
	if err != nil {
		return nil, err
	}
	var nodes []*node
	for _, p := range ownFirst(conn.Peers, id.MSP) {
		if config.Own && p.MSP != id.MSP {
			continue
		}
		n, err := dial(p, id)
		if err != nil {
			return nil, errors.Join(err, (&pool{nodes: nodes}).close())
		}
		nodes = append(nodes, n)
	}
	channel := config.Channel
	if channel == "" {
		channel = conn.Channel
	}
	return newClient(nodes, id, channel, conn.Chaincode.Name, config)
}

func (c connection) identity(dir string, config Config) (Identity, error) {
	if config.Identity != nil {
		return *config.Identity, nil
	}
	name, err := c.mspOf(dir)
	if err != nil {
		return Identity{}, err
	}
	return OpenIdentity(dir, name)
}

func newClient(nodes []*node, id Identity, channel, chaincode string, config Config) (*Client, error) {
	if len(nodes) == 0 {
		return nil, fmt.Errorf("%w: expected a peer of %s in it, found none", ErrConnection, id.MSP)
	}
	creator, err := proto.Marshal(&msp.SerializedIdentity{Mspid: id.MSP, IdBytes: id.Certificate})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	c := &Client{
		pool: &pool{nodes: nodes}, id: id, creator: creator, channel: channel, chaincode: chaincode,
		own: config.Own, seen: config.Seen, newest: config.Newest, limits: defaultLimits(), log: config.Log,
	}
	if c.seen == nil {
		c.seen = &Seen{}
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Close ends the connections, also those of clients that On made of this one.
func (c *Client) Close() error { return c.pool.close() }

// On gives a client for another channel that shares this one's connections and Seen.
func (c *Client) On(channel string) *Client {
	other := *c
	other.channel = channel
	return &other
}

// Evaluate calls a read-only function at one peer. The result is that peer's word; Sign gets one that can be
// checked.
func (c *Client) Evaluate(ctx context.Context, function string, args ...string) ([]byte, error) {
	return c.evaluate(ctx, c.chaincode, function, args)
}

func (c *Client) evaluate(ctx context.Context, chaincode, function string, args []string) ([]byte, error) {
	var result []byte
	err := c.persist(ctx, function, nil, func(ctx context.Context, n *node, _ []string) error {
		options := []fabric.ProposalOption{fabric.WithArguments(args...)}
		if c.own { // a gateway whose own peer fails would ask other organizations
			options = append(options, fabric.WithEndorsingOrganizations(c.id.MSP))
		}
		p, err := n.contract(c.channel, chaincode).NewProposal(function, options...)
		if err != nil {
			return fmt.Errorf("make proposal: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, c.limits.endorse)
		defer cancel()
		result, err = p.EvaluateWithContext(ctx)
		return err
	})
	return result, err
}

func (n *node) contract(channel, chaincode string) *fabric.Contract {
	return n.gw.GetNetwork(channel).GetContract(chaincode)
}
