package bitcoin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
)

// strand is a chain in memory.
type strand []*wire.MsgBlock

func (s strand) HashAt(_ context.Context, h spv.Height) (chainhash.Hash, bool, error) {
	if int(h) >= len(s) {
		return chainhash.Hash{}, false, nil
	}
	return s[h].BlockHash(), true, nil
}

func (s strand) Block(_ context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	for _, b := range s {
		if b.BlockHash() == hash {
			return b, nil
		}
	}
	return nil, rpc.ErrNode
}

// grow adds n blocks that differ by salt.
func (s strand) grow(n int, salt uint32) strand {
	out := append(strand(nil), s...)
	for range n {
		var prev chainhash.Hash
		if len(out) > 0 {
			prev = out[len(out)-1].BlockHash()
		}
		out = append(out, &wire.MsgBlock{Header: wire.BlockHeader{PrevBlock: prev, Nonce: salt}})
	}
	return out
}

func (s strand) at(h int) spv.Block { return spv.Block{Height: spv.Height(h), Hash: s[h].BlockHash()} }

func TestCursorReorganizations(t *testing.T) {
	base := strand(nil).grow(200, 0)
	for _, depth := range []int{1, 5, 143} {
		c, err := OpenCursor(filepath.Join(t.TempDir(), "cursor"), base.at(0))
		if err != nil {
			t.Fatal(err)
		}
		moves(t, c, base)
		fork := base[:200-depth].grow(depth+1, 7)
		undone, done := moves(t, c, fork)
		if len(undone) != depth || len(done) != depth+1 || c.At() != fork.at(200) {
			t.Fatalf("depth %d: got %d undone, %d done, at %v", depth, len(undone), len(done), c.At())
		}
	}
}

// A node that was restarted is short for a while; nothing is undone for that.
func TestCursorWaitsForNode(t *testing.T) {
	base := strand(nil).grow(200, 0)
	c, err := OpenCursor(filepath.Join(t.TempDir(), "cursor"), base.at(0))
	if err != nil {
		t.Fatal(err)
	}
	moves(t, c, base)
	for _, have := range []int{1, 20, 150, 199} {
		if undone, done := moves(t, c, base[:have]); len(undone)+len(done) != 0 {
			t.Fatalf("with %d blocks: got %d undone, %d done, want none", have, len(undone), len(done))
		}
	}
	fork := base[:190].grow(5, 7) // shorter and different: a fork all the same
	if undone, done := moves(t, c, fork); len(undone) != 10 || len(done) != 5 {
		t.Fatalf("got %d undone, %d done, want 10 and 5", len(undone), len(done))
	}
}

func TestCursorTooDeep(t *testing.T) {
	base := strand(nil).grow(200, 0)
	c, err := OpenCursor(filepath.Join(t.TempDir(), "cursor"), base.at(0))
	if err != nil {
		t.Fatal(err)
	}
	moves(t, c, base)
	fork := base[:50].grow(200, 7)
	for {
		m, ok, err := c.Next(t.Context(), fork)
		if errors.Is(err, ErrTooDeep) {
			return
		}
		if err != nil || !ok {
			t.Fatalf("got %v %v want %v", ok, err, ErrTooDeep)
		}
		c.Make(m)
	}
}

func TestCursorSaveBelow(t *testing.T) {
	base := strand(nil).grow(50, 0)
	path := filepath.Join(t.TempDir(), "cursor")
	c, err := OpenCursor(path, base.at(0))
	if err != nil {
		t.Fatal(err)
	}
	moves(t, c, base)
	if err := c.Save(30); err != nil {
		t.Fatal(err)
	}
	again, err := OpenCursor(path, base.at(0))
	if err != nil || again.At() != base.at(30) {
		t.Fatalf("got %v %v want %v", again.At(), err, base.at(30))
	}
	if _, done := moves(t, again, base); len(done) != 19 {
		t.Fatalf("got %d blocks again, want 19", len(done))
	}
	if b := again.Behind(); b[len(b)-1] != base.at(49) || b[0] != base.at(0) {
		t.Fatalf("got %v ... %v behind", b[0], b[len(b)-1])
	}
}

func TestCursorRefusesDamage(t *testing.T) {
	for name, text := range map[string]string{"torn": `{"height":1,"ri`, "no ring": `{"height":1,"ring":[]}`} {
		path := filepath.Join(t.TempDir(), "cursor")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCursor(path, spv.Block{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
