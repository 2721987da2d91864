// Package btcd is a wallet's view of the chain through a Bitcoin node's JSON-RPC: it reads blocks from a birthday
// on and keeps the unspent outputs of the wallet's scripts.
//
// It refuses a node without its pinned certificate and a credentials file that others can read; it keeps no state
// on disk and sees confirmed coins only.
package btcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/wallet"
)

// What a node can answer instead of an answer.
var (
	ErrRejected = errors.New("the Bitcoin node refused the transaction")
)

// maturity is how deep a coinbase output must lie to be spent (Bitcoin consensus).
const maturity = 100

// Config says where the node is.
type Config struct {
	RPC         string // host:port, with or without https:// in front
	Certificate string // the node's own, PEM file, pinned
	Credentials string // {"user","password"}, 0600
	Birthday    int64  // first height that can hold coins of the wallet
}

// Chain is a wallet.Chain.
type Chain struct {
	client   *rpcclient.Client
	birthday int64

	mu      sync.Mutex
	scripts string           // what the coins were collected for
	hashes  []chainhash.Hash // blocks read, from the birthday on
	coins   map[wire.OutPoint]coin
}

type coin struct {
	wallet.Coin
	height   int64
	coinbase bool
}

// Open prepares to talk to a node and sends nothing yet.
func Open(c Config) (*Chain, error) {
	cert, err := os.ReadFile(c.Certificate)
	if err != nil {
		return nil, fmt.Errorf("read the node's certificate: %w", err)
	}
	raw, err := host.ReadPrivate(c.Credentials)
	if err != nil {
		return nil, fmt.Errorf("read the node's credentials: %w", err)
	}
	var login struct{ User, Password string }
	if err := json.Unmarshal(raw, &login); err != nil || login.User == "" {
		return nil, fmt.Errorf("%s does not hold user and password", c.Credentials) // the cause would quote the secret
	}
	client, err := rpcclient.New(&rpcclient.ConnConfig{
		Host: strings.TrimPrefix(c.RPC, "https://"), User: login.User, Pass: login.Password,
		Certificates: cert, HTTPPostMode: true,
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("prepare the node's client: %w", err)
	}
	return &Chain{client: client, birthday: c.Birthday}, nil
}

// Close ends what is under way.
func (c *Chain) Close() { c.client.Shutdown() }

// Coins reads the blocks since the last call (since the birthday, when the scripts or the chain changed) and
// lists the scripts' ripe unspent outputs.
func (c *Chain) Coins(ctx context.Context, scripts [][]byte) ([]wallet.Coin, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	best, err := ask(ctx, c.client.GetBlockCount)
	if err != nil {
		return nil, fmt.Errorf("ask for the best height: %w", err)
	}
	if err := c.rewind(ctx, scripts); err != nil {
		return nil, err
	}
	ours := make(map[string]bool, len(scripts))
	for _, s := range scripts {
		ours[string(s)] = true
	}
	for h := c.birthday + int64(len(c.hashes)); h <= best; h++ {
		if err := c.read(ctx, h, ours); err != nil {
			return nil, err
		}
	}
	var ripe []wallet.Coin
	for _, k := range c.coins {
		if !k.coinbase || best+1-k.height >= maturity {
			ripe = append(ripe, k.Coin)
		}
	}
	return ripe, nil
}

// rewind forgets everything when it was about other scripts or about blocks that have left the chain.
func (c *Chain) rewind(ctx context.Context, scripts [][]byte) error {
	var all []byte
	for _, s := range scripts {
		all = append(append(all, byte(len(s))), s...) //nolint:gosec // G115: scripts of ours, under 50 bytes
	}
	keep := c.scripts == string(all)
	if n := len(c.hashes); keep && n > 0 {
		hash, err := c.hashAt(ctx, c.birthday+int64(n-1))
		if err != nil {
			return err
		}
		keep = hash != nil && *hash == c.hashes[n-1]
	}
	if !keep {
		c.scripts, c.hashes, c.coins = string(all), nil, map[wire.OutPoint]coin{}
	}
	return nil
}

// hashAt is nil above the tip.
func (c *Chain) hashAt(ctx context.Context, h int64) (*chainhash.Hash, error) {
	hash, err := ask(ctx, func() (*chainhash.Hash, error) { return c.client.GetBlockHash(h) })
	if _, refused := errors.AsType[*btcjson.RPCError](err); refused {
		return nil, nil //nolint:nilnil // no block is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("ask for a block's hash: %w", err)
	}
	return hash, nil
}

func (c *Chain) read(ctx context.Context, h int64, ours map[string]bool) error {
	hash, err := c.hashAt(ctx, h)
	if err != nil || hash == nil {
		return err
	}
	block, err := ask(ctx, func() (*wire.MsgBlock, error) { return c.client.GetBlock(hash) })
	if err != nil {
		return fmt.Errorf("ask for a block: %w", err)
	}
	if n := len(c.hashes); n > 0 && block.Header.PrevBlock != c.hashes[n-1] {
		c.scripts = "" // the chain moved between two questions: start over next time
		return errors.New("the chain is being reorganized; ask again")
	}
	for i, tx := range block.Transactions {
		id := tx.TxHash()
		for _, in := range tx.TxIn {
			delete(c.coins, in.PreviousOutPoint)
		}
		for vout, out := range tx.TxOut {
			if !ours[string(out.PkScript)] {
				continue
			}
			at := wire.OutPoint{Hash: id, Index: uint32(vout)}
			c.coins[at] = coin{wallet.Coin{At: at, Amount: ledger.Satoshi(out.Value), Script: out.PkScript}, h, i == 0}
		}
	}
	c.hashes = append(c.hashes, *hash)
	return nil
}

// Send broadcasts; "already there", waiting or mined, counts as done.
func (c *Chain) Send(ctx context.Context, tx *wire.MsgTx) error {
	_, err := ask(ctx, func() (*chainhash.Hash, error) { return c.client.SendRawTransaction(tx, true) })
	refused, ok := errors.AsType[*btcjson.RPCError](err)
	if !ok {
		return err
	}
	waiting := refused.Code == btcjson.ErrRPCTxRejected && strings.Contains(refused.Message, "already have transaction")
	if waiting || refused.Code == btcjson.ErrRPCTxAlreadyInChain {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrRejected, err)
}

// ask waits for an answer no longer than ctx allows; rpcclient itself would go on trying for a minute.
func ask[T any](ctx context.Context, question func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		v, err := question()
		got <- answer{v, err}
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case a := <-got:
		return a.value, a.err
	}
}
