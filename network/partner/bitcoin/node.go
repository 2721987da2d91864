package bitcoin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// What a node can answer instead of an answer.
var (
	ErrNode     = errors.New("the Bitcoin node did not answer")
	ErrNetwork  = errors.New("the Bitcoin node is on another network")
	ErrRejected = errors.New("the Bitcoin node refused the transaction")
)

// Config says where a node is. Both files are the node's: its own certificate, and user and password as
// {"user","password"}, readable by the owner only.
type Config struct {
	RPC         string `json:"rpc"`         // host:port, with or without https:// in front
	Certificate string `json:"certificate"` // PEM, pinned
	Credentials string `json:"credentials"`
	Network     string `json:"network"` // regtest, testnet4, mainnet, ...
}

// Node is a Bitcoin node behind JSON-RPC over TLS. Only what btcd and Bitcoin Core share is used, but for
// [Node.Headers] and [Node.Generate]; only btcd was tested.
type Node struct {
	client  *rpcclient.Client
	network string
}

// Open prepares to talk to a node and sends nothing yet. Close it when done.
func Open(c Config) (*Node, error) {
	if spv.Params(c.Network) == nil {
		return nil, spv.ErrNetwork.With(c.Network)
	}
	cert, err := os.ReadFile(c.Certificate)
	if err != nil {
		return nil, fmt.Errorf("read the node's certificate: %w", err)
	}
	user, password, err := readCredentials(c.Credentials)
	if err != nil {
		return nil, err
	}
	client, err := rpcclient.New(&rpcclient.ConnConfig{
		Host: strings.TrimPrefix(c.RPC, "https://"), User: user, Pass: password, Certificates: cert, HTTPPostMode: true,
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("prepare the node's client: %w", err)
	}
	return &Node{client: client, network: c.Network}, nil
}

// readCredentials refuses a file that others can read before it reads it.
func readCredentials(path string) (user, password string, err error) {
	raw, err := host.ReadPrivate(path)
	if err != nil {
		return "", "", fmt.Errorf("read the node's credentials: %w", err)
	}
	var c struct{ User, Password string }
	if err := json.Unmarshal(raw, &c); err != nil || c.User == "" || c.Password == "" {
		return "", "", fmt.Errorf("%s does not hold user and password", path) // the cause would quote the secret
	}
	return c.User, c.Password, nil
}

// Close ends what is under way.
func (n *Node) Close() { n.client.Shutdown() }

// call waits for an answer no longer than ctx allows; rpcclient itself would go on trying for a minute.
func call[T any](ctx context.Context, what string, ask func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		v, err := ask()
		got <- answer{v, err}
	}()
	var none T
	select {
	case <-ctx.Done():
		return none, fmt.Errorf("%s: %w", what, ctx.Err())
	case a := <-got:
		if _, refused := errors.AsType[*btcjson.RPCError](a.err); a.err != nil && !refused {
			return none, fmt.Errorf("%s: %w: %w", what, ErrNode, a.err)
		}
		if a.err != nil {
			return none, fmt.Errorf("%s: %w", what, a.err)
		}
		return a.value, nil
	}
}

// code is the node's own number for a refusal, 0 when err is none.
func code(err error) btcjson.RPCErrorCode {
	if refused, ok := errors.AsType[*btcjson.RPCError](err); ok {
		return refused.Code
	}
	return 0
}

// Check asks whether the node answers and is on the network that it was configured for.
func (n *Node) Check(ctx context.Context) error {
	first, ok, err := n.HashAt(ctx, 0)
	if err != nil {
		return err
	}
	if !ok || first != *spv.Params(n.network).GenesisHash {
		return fmt.Errorf("%w than %s", ErrNetwork, n.network)
	}
	return nil
}

// Best is the tip of the node's active chain.
func (n *Node) Best(ctx context.Context) (spv.Height, error) {
	h, err := call(ctx, "ask for the best height", n.client.GetBlockCount)
	return spv.Height(h), err //nolint:gosec // G115: heights are positive and have 32 bits
}

// HashAt is the active chain's block at a height; false when the chain is not that high.
func (n *Node) HashAt(ctx context.Context, h spv.Height) (chainhash.Hash, bool, error) {
	hash, err := call(ctx, "ask for a block's hash", func() (*chainhash.Hash, error) { return n.client.GetBlockHash(int64(h)) })
	switch c := code(err); {
	case c == btcjson.ErrRPCOutOfRange, c == btcjson.ErrRPCInvalidParameter: // btcd's answer, and Bitcoin Core's
		return chainhash.Hash{}, false, nil
	case err != nil:
		return chainhash.Hash{}, false, err
	}
	return *hash, true, nil
}

// Block is a block by its hash.
func (n *Node) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	return call(ctx, "ask for a block", func() (*wire.MsgBlock, error) { return n.client.GetBlock(&hash) })
}

// Headers are up to limit headers of the active chain after a block, oldest first; none when the block is the tip
// or has left the active chain.
func (n *Node) Headers(ctx context.Context, after chainhash.Hash, limit int) ([][spv.HeaderSize]byte, error) {
	hs, err := call(ctx, "ask for headers", func() ([]wire.BlockHeader, error) {
		return n.client.GetHeaders([]chainhash.Hash{after}, &chainhash.Hash{})
	})
	if err != nil {
		return nil, err
	}
	// A node that doesn't know the block answers from the genesis block: not what was asked for.
	if len(hs) == 0 || hs[0].PrevBlock != after {
		return nil, nil
	}
	raw := make([][spv.HeaderSize]byte, min(len(hs), limit))
	for i := range raw {
		var b bytes.Buffer
		if err := hs[i].Serialize(&b); err != nil {
			return nil, fmt.Errorf("encode a header: %w", err)
		}
		copy(raw[i][:], b.Bytes())
	}
	return raw, nil
}

// Send gives a transaction to the network. A node that has it already, waiting or mined, is as good.
func (n *Node) Send(ctx context.Context, tx *wire.MsgTx) error {
	_, err := call(ctx, "send a transaction", func() (*chainhash.Hash, error) { return n.client.SendRawTransaction(tx, true) })
	if known(err) {
		return nil
	}
	if code(err) != 0 {
		return fmt.Errorf("%w: %w", ErrRejected, err)
	}
	return err
}

// known reports the two answers that mean "I have it" (facts: -26 already in mempool, -27 already in the chain).
func known(err error) bool {
	c := code(err)
	return c == btcjson.ErrRPCTxAlreadyInChain ||
		c == btcjson.ErrRPCTxRejected && strings.Contains(err.Error(), "already have transaction")
}

// Generate mines blocks where that costs nothing; the node needs a mining address.
func (n *Node) Generate(ctx context.Context, blocks uint32) ([]chainhash.Hash, error) {
	if n.network != "regtest" && n.network != "simnet" {
		return nil, fmt.Errorf("%w than one without work, %s", ErrNetwork, n.network)
	}
	hashes, err := call(ctx, "mine", func() ([]*chainhash.Hash, error) { return n.client.Generate(blocks) })
	if err != nil {
		return nil, err
	}
	mined := make([]chainhash.Hash, len(hashes))
	for i, h := range hashes {
		mined[i] = *h
	}
	return mined, nil
}
