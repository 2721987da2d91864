package rpc

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Errors that callers act on; see the package comment.
var (
	ErrNode     = errors.New("the Bitcoin node does not answer as expected")
	ErrNetwork  = errors.New("the Bitcoin node is on another network")
	ErrRejected = errors.New("the Bitcoin node rejected the transaction")
)

// Config says where a node is. Both files are the node's.
type Config struct {
	RPC         string `json:"rpc"`         // host:port, with or without https:// in front
	Certificate string `json:"certificate"` // PEM; no other certificate is accepted
	Credentials string `json:"credentials"` // private file {"user":…,"password":…}
	Network     string `json:"network"`     // regtest, testnet4, mainnet, ...
}

// Node is a Bitcoin node.
type Node struct {
	url            string
	user, password string
	web            *http.Client
	network        string
}

// timeout bounds one call beside its context: a full block takes seconds on a slow line.
const timeout = 30 * time.Second

// Open reads the node's files. It sends nothing.
func Open(c Config) (*Node, error) {
	if spv.Params(c.Network) == nil {
		return nil, spv.ErrNetwork.With(c.Network)
	}
	at := url.URL{Scheme: "https", Host: strings.TrimPrefix(c.RPC, "https://")}
	n := &Node{url: at.String(), network: c.Network}
	var err error
	if n.user, n.password, err = readCredentials(c.Credentials); err != nil {
		return nil, err
	}
	roots, err := host.Roots(c.Certificate)
	if err != nil {
		return nil, fmt.Errorf("the node's certificate: %w", err)
	}
	n.web = host.Client(roots, nil, timeout)
	return n, nil
}

func readCredentials(path string) (user, password string, err error) {
	raw, err := host.ReadPrivate(path)
	if err != nil {
		return "", "", fmt.Errorf("the node's credentials: %w", err)
	}
	var c struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	if err := ledger.Decode(raw, &c); err != nil || c.User == "" || c.Password == "" {
		// the cause could quote the secret
		return "", "", fmt.Errorf(`%s: expected {"user":"…","password":"…"}`, path)
	}
	return c.User, c.Password, nil
}

// Close ends idle connections.
func (n *Node) Close() { n.web.CloseIdleConnections() }

// Check returns [ErrNetwork] when the node's first block is another than its network's.
func (n *Node) Check(ctx context.Context) error {
	first, ok, err := n.HashAt(ctx, 0)
	if err != nil {
		return err
	}
	if !ok || first != *spv.Params(n.network).GenesisHash {
		return fmt.Errorf("%w: expected %s, its first block is %s", ErrNetwork, n.network, first)
	}
	return nil
}

// Best is the height of the node's best block.
func (n *Node) Best(ctx context.Context) (spv.Height, error) {
	var h spv.Height
	return h, n.Call(ctx, "getblockcount", &h)
}

// HashAt is the best chain's block at a height; false when the chain is not that high.
func (n *Node) HashAt(ctx context.Context, h spv.Height) (chainhash.Hash, bool, error) {
	var hash text32
	err := n.Call(ctx, "getblockhash", &hash, h)
	switch codeOf(err) {
	case outOfRange, invalidParameter: // btcd's answer, and Bitcoin Core's
		return chainhash.Hash{}, false, nil
	}
	return chainhash.Hash(hash), err == nil, err
}

// Block is a block by its hash. Its transactions are as the node sent them: spv proves them against the
// header.
func (n *Node) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	var raw bytesHex
	if err := n.Call(ctx, "getblock", &raw, hash.String(), 0); err != nil {
		return nil, err
	}
	block, err := parseBlock(raw, hash)
	if err != nil {
		return nil, fmt.Errorf("getblock: %w: %w", ErrNode, err)
	}
	return block, nil
}

func parseBlock(raw []byte, hash chainhash.Hash) (*wire.MsgBlock, error) {
	var block wire.MsgBlock
	r := bytes.NewReader(raw)
	if err := block.Deserialize(r); err != nil {
		return nil, fmt.Errorf("read the block: %w", err)
	}
	if got := block.BlockHash(); got != hash || r.Len() > 0 {
		return nil, fmt.Errorf("expected block %s, got %s and %d bytes more", hash, got, r.Len())
	}
	return &block, nil
}

// Headers are up to limit headers of the best chain after a block, oldest first, and as many as the node
// gives at once. There are none when the block is the newest, has left the best chain, or is not known.
func (n *Node) Headers(ctx context.Context, after chainhash.Hash, limit int) ([][spv.HeaderSize]byte, error) {
	var raw []bytesHex
	err := n.Call(ctx, "getheaders", &raw, []string{after.String()}, chainhash.Hash{}.String())
	if codeOf(err) == methodNotFound { // Bitcoin Core
		raw, err = n.headersOneByOne(ctx, after, limit)
	}
	if err != nil {
		return nil, err
	}
	headers := make([][spv.HeaderSize]byte, min(len(raw), limit))
	for i := range headers {
		if len(raw[i]) != spv.HeaderSize {
			return nil, fmt.Errorf("%w: a header of %d bytes", ErrNode, len(raw[i]))
		}
		headers[i] = [spv.HeaderSize]byte(raw[i])
	}
	// A node that does not know the block answers from the genesis block on: not what was asked for.
	if len(headers) == 0 || !bytes.Equal(headers[0][4:36], after[:]) {
		return nil, nil
	}
	return headers, nil
}

// headersOneByOne asks for the hashes and then for the headers, in two batches of at most batchSize.
func (n *Node) headersOneByOne(ctx context.Context, after chainhash.Hash, limit int) ([]bytesHex, error) {
	var at struct {
		Height spv.Height `json:"height"`
	}
	err := n.Call(ctx, "getblockheader", &at, after.String(), true)
	if codeOf(err) == notFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	best, err := n.Best(ctx)
	if err != nil {
		return nil, err
	}
	var heights, hashes [][]any
	for h := at.Height + 1; h <= best && len(heights) < min(limit, batchSize); h++ {
		heights = append(heights, []any{h})
	}
	found, err := batch[text32](ctx, n, "getblockhash", heights)
	if err != nil {
		return nil, err
	}
	for _, hash := range found {
		hashes = append(hashes, []any{chainhash.Hash(hash).String(), false})
	}
	return batch[bytesHex](ctx, n, "getblockheader", hashes)
}

// Send gives a transaction to the network. A node that has it already, waiting or mined, counts as success.
func (n *Node) Send(ctx context.Context, tx *wire.MsgTx) error {
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		return fmt.Errorf("encode the transaction: %w", err)
	}
	var id text32
	err := n.Call(ctx, "sendrawtransaction", &id, hex.EncodeToString(b.Bytes()))
	refused, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return err
	case refused.has():
		return nil
	}
	return fmt.Errorf("%w: %w", ErrRejected, err)
}

// Generate mines blocks where that costs nothing. The node needs a mining address; Bitcoin Core has no such
// call.
func (n *Node) Generate(ctx context.Context, blocks uint32) ([]chainhash.Hash, error) {
	if n.network != "regtest" && n.network != "simnet" {
		return nil, fmt.Errorf("%w: only regtest and simnet mine without work, this is %s", ErrNetwork, n.network)
	}
	var mined []text32
	if err := n.Call(ctx, "generate", &mined, blocks); err != nil {
		return nil, err
	}
	hashes := make([]chainhash.Hash, len(mined))
	for i, h := range mined {
		hashes[i] = chainhash.Hash(h)
	}
	return hashes, nil
}
