// Package btcd finds a wallet's coins with a Bitcoin node's JSON-RPC: it reads blocks from a birthday on and
// keeps the unspent outputs of the wallet's scripts.
//
// Does not keep state on disk and does not see unconfirmed coins. Its errors are those of package rpc.
package btcd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/machine/wallet"
)

// maturity is how deep a coinbase output must lie to be spent (Bitcoin consensus).
const maturity = 100

// Config says where the node is.
type Config struct {
	rpc.Config

	Birthday int64 // first height that can hold coins of the wallet
}

// Chain is a wallet.Chain.
type Chain struct {
	node     *rpc.Node
	birthday spv.Height

	mu      sync.Mutex
	scripts string           // what the coins were collected for
	hashes  []chainhash.Hash // blocks read, from the birthday on
	coins   map[wire.OutPoint]coin
	sent    map[chainhash.Hash]spv.Height // height of each transaction that spent one of the scripts' coins
	newest  time.Time                     // of the last block read
}

type coin struct {
	wallet.Coin
	height   spv.Height
	coinbase bool
}

// Open reads the node's files. It sends nothing.
func Open(c Config) (*Chain, error) {
	if c.Birthday < 0 || c.Birthday > math.MaxUint32 {
		return nil, fmt.Errorf("birthday: expected a height from 0 to %d, got %d", uint32(math.MaxUint32), c.Birthday)
	}
	node, err := rpc.Open(c.Config)
	if err != nil {
		return nil, err
	}
	return &Chain{node: node, birthday: spv.Height(c.Birthday)}, nil
}

// Close ends idle connections.
func (c *Chain) Close() { c.node.Close() }

// Coins reads the blocks since the last call (since the birthday, when the scripts or the chain changed) and
// lists the scripts' ripe unspent outputs.
func (c *Chain) Coins(ctx context.Context, scripts [][]byte) ([]wallet.Coin, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	best, err := c.node.Best(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.rewind(ctx, scripts); err != nil {
		return nil, err
	}
	ours := make(map[string]bool, len(scripts))
	for _, s := range scripts {
		ours[string(s)] = true
	}
	for h := c.next(); h <= best; h++ {
		if err := c.read(ctx, h, ours); err != nil {
			return nil, err
		}
	}
	var ripe []wallet.Coin
	for _, k := range c.coins {
		if !k.coinbase || int64(best)+1-int64(k.height) >= maturity {
			ripe = append(ripe, k.Coin)
		}
	}
	return ripe, nil
}

// Depth is how many confirmations a payment of the wallet had when its coins were listed last, and the time
// of the newest block then.
func (c *Chain) Depth(txid chainhash.Hash) (confirmations int64, newest time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.sent[txid]; ok {
		confirmations = int64(c.next()) - int64(h)
	}
	return confirmations, c.newest
}

// rewind forgets everything when it was about other scripts or about blocks that have left the chain.
func (c *Chain) rewind(ctx context.Context, scripts [][]byte) error {
	var all []byte
	for _, s := range scripts {
		all = append(append(all, byte(len(s))), s...) //nolint:gosec // G115: scripts of ours, under 50 bytes
	}
	keep := c.scripts == string(all)
	if n := len(c.hashes); keep && n > 0 {
		hash, ok, err := c.node.HashAt(ctx, c.next()-1)
		if err != nil {
			return err
		}
		keep = ok && hash == c.hashes[n-1]
	}
	if !keep {
		c.scripts, c.hashes = string(all), nil
		c.coins, c.sent = map[wire.OutPoint]coin{}, map[chainhash.Hash]spv.Height{}
	}
	return nil
}

// next is the height after the last block that was read.
func (c *Chain) next() spv.Height {
	return c.birthday + spv.Height(len(c.hashes)) //nolint:gosec // G115: there are far fewer than 2^32 blocks
}

func (c *Chain) read(ctx context.Context, h spv.Height, ours map[string]bool) error {
	hash, ok, err := c.node.HashAt(ctx, h)
	if err != nil || !ok {
		return err
	}
	block, err := c.node.Block(ctx, hash)
	if err != nil {
		return err
	}
	if n := len(c.hashes); n > 0 && block.Header.PrevBlock != c.hashes[n-1] {
		c.scripts = "" // the chain moved between two questions: start over next time
		return errors.New("the chain is being reorganized; ask again")
	}
	for i, tx := range block.Transactions {
		id := tx.TxHash()
		for _, in := range tx.TxIn {
			if _, ours := c.coins[in.PreviousOutPoint]; ours {
				c.sent[id] = h
			}
			delete(c.coins, in.PreviousOutPoint)
		}
		for vout, out := range tx.TxOut {
			if !ours[string(out.PkScript)] {
				continue
			}
			at := wire.OutPoint{Hash: id, Index: uint32(vout)}
			c.coins[at] = coin{
				wallet.Coin{At: at, Amount: ledger.Satoshi(out.Value), Script: out.PkScript},
				h,
				i == 0,
			}
		}
	}
	c.hashes = append(c.hashes, hash)
	c.newest = block.Header.Timestamp
	return nil
}

// Send broadcasts; "already there", waiting or mined, counts as done.
func (c *Chain) Send(ctx context.Context, tx *wire.MsgTx) error { return c.node.Send(ctx, tx) }
