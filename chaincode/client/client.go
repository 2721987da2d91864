package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// Config is what may be chosen; the zero value is right for most.
type Config struct {
	Identity       *Identity     // instead of the folder's; its key may sit in a TPM
	Channel        string        // default: the connection file's
	Partners       []string      // whose peers to connect to, in this order; default: all, one's own first
	Own            bool          // ask only one's own partner's peer, and believe only it (custodians, cosigners)
	EndorseTimeout time.Duration // of the default plan; default 15 s: the gateway asks its own peer first, then the rest
	NamedTimeout   time.Duration // of named organizations, one of which may hang; default 2.5 s
	SubmitTimeout  time.Duration // default 5 s
	CommitTimeout  time.Duration // before the same envelope is sent again; default 5 s
	Log            *slog.Logger  // default: none
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&c.EndorseTimeout, 15*time.Second)
	set(&c.NamedTimeout, 2500*time.Millisecond)
	set(&c.SubmitTimeout, 5*time.Second)
	set(&c.CommitTimeout, 5*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Client is one identity's way to one channel. It is safe for concurrent use.
type Client struct {
	pool      *pool
	id        Identity
	creator   []byte // serialized identity
	channel   string
	chaincode string
	config    Config
	log       *slog.Logger
}

// Open reads the connection file (network/docs/layout.md) and an identity's folder. It connects when first used.
func Open(connectionFile, identityDir string, config Config) (*Client, error) {
	conn, err := readConnection(connectionFile)
	if err != nil {
		return nil, err
	}
	id, err := conn.identity(identityDir, config)
	if err != nil {
		return nil, err
	}
	peers, err := choose(conn.Peers, config.Partners, id.MSP)
	if err != nil {
		return nil, err
	}
	var nodes []*node
	for _, p := range peers {
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
		return nil, fmt.Errorf("%w: no peer of %s", ErrConnection, id.MSP)
	}
	creator, err := proto.Marshal(&msp.SerializedIdentity{Mspid: id.MSP, IdBytes: id.Certificate})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	config = config.withDefaults()
	return &Client{pool: &pool{nodes: nodes}, id: id, creator: creator, channel: channel, chaincode: chaincode, config: config, log: config.Log}, nil
}

// Close ends the connections; those of On share them.
func (c *Client) Close() error { return c.pool.close() }

// On is the same client on another channel.
func (c *Client) On(channel string) *Client {
	other := *c
	other.channel = channel
	return &other
}

// MSP is the partner whose identity this is.
func (c *Client) MSP() string { return c.id.MSP }

// Channel is the channel in use.
func (c *Client) Channel() string { return c.channel }

// Evaluate asks for a read-only function's answer. Nobody signs it: it is as good as the peer that gave it.
func (c *Client) Evaluate(ctx context.Context, function string, args ...string) ([]byte, error) {
	return c.evaluate(ctx, c.chaincode, function, args)
}

func (c *Client) evaluate(ctx context.Context, chaincode, function string, args []string) ([]byte, error) {
	var result []byte
	err := c.persist(ctx, function, func(ctx context.Context, n *node, _ int) error {
		options := []fabric.ProposalOption{fabric.WithArguments(args...)}
		if c.config.Own { // a gateway would ask whichever peer stands highest
			options = append(options, fabric.WithEndorsingOrganizations(c.id.MSP))
		}
		p, err := n.contract(c.channel, chaincode).NewProposal(function, options...)
		if err != nil {
			return fmt.Errorf("make proposal: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, c.config.EndorseTimeout)
		defer cancel()
		result, err = p.EvaluateWithContext(ctx)
		return err
	})
	return result, err
}

func (n *node) contract(channel, chaincode string) *fabric.Contract {
	return n.gw.GetNetwork(channel).GetContract(chaincode)
}
