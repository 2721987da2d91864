package bitcoin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// ErrTooDeep means that a reorganization replaced more blocks than the cursor remembers. Compare the node
// with others; to follow its chain all the same, remove the cursor's file, so that it starts at the trusted
// block again.
var ErrTooDeep = errors.New("the chain was replaced below the oldest block that the cursor remembers")

// ringSize is how many hashes a cursor remembers: a day of blocks.
const ringSize = 144

// Chain is the part of a node's client that a cursor uses.
type Chain interface {
	HashAt(ctx context.Context, h spv.Height) (chainhash.Hash, bool, error)
	Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error)
}

// Move is one step of a cursor along the active chain.
type Move struct {
	Undo  bool // the block left the active chain
	At    spv.Block
	Block *wire.MsgBlock // nil when undone
}

// Cursor is a position on the active chain that survives crashes and reorganizations: a height and the hashes
// up to it, kept in a file. It does not use the node's notifications.
type Cursor struct {
	path  string
	at    place
	saved []byte // what the file holds, as far as this process wrote it
}

type place struct {
	Height spv.Height       `json:"height"`
	Ring   []chainhash.Hash `json:"ring"` // the last hashes, newest at the end
}

// OpenCursor reads a cursor's file, or starts one after the given block.
func OpenCursor(path string, start spv.Block) (*Cursor, error) {
	c := &Cursor{path: path, at: place{Height: start.Height, Ring: []chainhash.Hash{start.Hash}}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the cursor: %w", err)
	}
	if err := json.Unmarshal(raw, &c.at); err != nil {
		return nil, fmt.Errorf("read the cursor %s: %w", path, err)
	}
	if n := len(c.at.Ring); n == 0 || n > ringSize {
		return nil, fmt.Errorf("read the cursor %s: expected 1 to %d remembered blocks, got %d", path, ringSize, n)
	}
	return c, nil
}

// At is the block at the cursor's position.
func (c *Cursor) At() spv.Block {
	return spv.Block{Height: c.at.Height, Hash: c.at.Ring[len(c.at.Ring)-1]}
}

// Behind lists the blocks that the cursor remembers, oldest first; the last one is at its position.
func (c *Cursor) Behind() []spv.Block {
	blocks := make([]spv.Block, len(c.at.Ring))
	for i, hash := range c.at.Ring {
		blocks[i] = spv.Block{Height: c.at.Height - spv.Height(len(c.at.Ring)-1-i), Hash: hash} //nolint:gosec // G115: at most ringSize
	}
	return blocks
}

// Next finds the cursor's next move without making it; ok is false at the end of the chain.
func (c *Cursor) Next(ctx context.Context, chain Chain) (m Move, ok bool, err error) {
	at := c.At()
	hash, ok, err := chain.HashAt(ctx, at.Height+1)
	if err != nil {
		return Move{}, false, err
	}
	if ok {
		block, err := chain.Block(ctx, hash)
		if err != nil {
			return Move{}, false, err
		}
		if block.Header.PrevBlock == at.Hash { // so the cursor's own block is on the active chain as well
			return Move{At: spv.Block{Height: at.Height + 1, Hash: hash}, Block: block}, true, nil
		}
	}
	left, err := c.left(ctx, chain)
	if err != nil || !left {
		return Move{}, false, err
	}
	if len(c.at.Ring) == 1 {
		return Move{}, false, fmt.Errorf("%w, at height %d", ErrTooDeep, at.Height)
	}
	return Move{Undo: true, At: at}, true, nil
}

// left reports whether the block at the cursor's position has left the active chain.
func (c *Cursor) left(ctx context.Context, chain Chain) (bool, error) {
	at := c.At()
	hash, ok, err := chain.HashAt(ctx, at.Height)
	if err != nil {
		return false, err
	}
	if ok {
		return hash != at.Hash, nil
	}
	behind, err := c.behind(ctx, chain)
	return !behind, err
}

// behind reports whether a node whose chain is shorter than the cursor is still fetching it, as after a
// restart: its blocks are those that the cursor remembers.
func (c *Cursor) behind(ctx context.Context, chain Chain) (bool, error) {
	blocks := c.Behind()
	for _, block := range slices.Backward(blocks) {
		hash, ok, err := chain.HashAt(ctx, block.Height)
		if err != nil {
			return false, err
		}
		if ok {
			return hash == block.Hash, nil
		}
	}
	return true, nil
}

// Make makes a move that Next found, in memory; Save writes it to the file.
func (c *Cursor) Make(m Move) {
	if m.Undo {
		c.at.Height--
		c.at.Ring = c.at.Ring[:len(c.at.Ring)-1]
		return
	}
	c.at.Height = m.At.Height
	c.at.Ring = append(c.at.Ring, m.At.Hash)
	if len(c.at.Ring) > ringSize {
		c.at.Ring = append([]chainhash.Hash(nil), c.at.Ring[len(c.at.Ring)-ringSize:]...)
	}
}

// Rewind puts the cursor on an earlier block of the active chain and saves it: the blocks above are read again.
func (c *Cursor) Rewind(to spv.Block) error {
	c.at = place{Height: to.Height, Ring: []chainhash.Hash{to.Hash}}
	return c.Save(to.Height)
}

// Save writes the cursor at one of the blocks that it remembers. After a crash the blocks above, whose
// payments were not settled yet, are read again.
func (c *Cursor) Save(upTo spv.Height) error {
	first := c.at.Height - spv.Height(len(c.at.Ring)-1) //nolint:gosec // G115: at most ringSize
	upTo = min(max(upTo, first), c.at.Height)
	raw, err := json.Marshal(place{Height: upTo, Ring: c.at.Ring[:upTo-first+1]})
	if err != nil {
		return fmt.Errorf("encode the cursor: %w", err)
	}
	if bytes.Equal(raw, c.saved) {
		return nil
	}
	if err := host.Replace(c.path, raw, host.Private); err != nil {
		return err
	}
	c.saved = raw
	return nil
}
