package bitcoin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/fixtures/bitcoin/regtest"
)

func open(t *testing.T, n *regtest.Node) *rpc.Node {
	t.Helper()
	node, err := rpc.Open(rpc.Config{
		RPC: n.RPC, Certificate: n.Certificate, Credentials: n.Credentials,
		Network: "regtest",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(node.Close)
	return node
}

func faucet(t *testing.T) *Faucet {
	t.Helper()
	f, err := OpenFaucet(filepath.Join(t.TempDir(), "faucet.key"), "regtest")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// until asks again until the answer is yes: a peer's blocks arrive when they arrive.
func until(t *testing.T, what string, ask func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Minute)
	for tick := time.Tick(20 * time.Millisecond); !ask(); {
		select {
		case <-deadline:
			t.Fatalf("did not happen in five minutes: %s", what)
		case <-tick:
		}
	}
}

func mine(t *testing.T, n *rpc.Node, blocks uint32) []chainhash.Hash {
	t.Helper()
	hashes, err := n.Generate(t.Context(), blocks)
	if err != nil {
		t.Fatal(err)
	}
	return hashes
}

// moves runs a cursor to the end of the chain and tells what it did.
func moves(t *testing.T, c *Cursor, chain Chain) (undone []spv.Height, done []spv.Height) {
	t.Helper()
	for {
		m, ok, err := c.Next(t.Context(), chain)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return undone, done
		}
		c.Make(m)
		if err := c.Save(c.At().Height); err != nil {
			t.Fatal(err)
		}
		if m.Undo {
			undone = append(undone, m.At.Height)
		} else {
			done = append(done, m.At.Height)
		}
	}
}

func genesis(t *testing.T) spv.Block {
	t.Helper()
	r, err := spv.Genesis("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return spv.Block{Height: r.Height, Hash: r.Hash}
}

// One story on two real nodes: mine, pay, prove, kill a node, part the two, reorganize while the cursor
// sleeps.
func TestTwoNodes(t *testing.T) {
	f := faucet(t)
	procA := regtest.Start(t, f.Address())
	procB := regtest.Start(t, f.Address(), procA)
	a, b := open(t, procA), open(t, procB)
	ctx := t.Context()
	if err := a.Check(ctx); err != nil {
		t.Fatal(err)
	}
	mine(t, a, 110)
	same := func() bool {
		bestA, err1 := a.Best(ctx)
		bestB, err2 := b.Best(ctx)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		tipA, _, err1 := a.HashAt(ctx, bestA)
		tipB, _, err2 := b.HashAt(ctx, bestB)
		return errors.Join(err1, err2) == nil && tipA == tipB
	}
	until(t, "B has A's blocks", same)

	path := filepath.Join(t.TempDir(), "cursor.json")
	cursor, err := OpenCursor(path, genesis(t))
	if err != nil {
		t.Fatal(err)
	}
	if undone, done := moves(t, cursor, b); len(undone) != 0 || len(done) != 110 {
		t.Fatalf("got %d undone, %d done, want 0 and 110", len(undone), len(done))
	}

	t.Run("a payment is found and proven", func(t *testing.T) { payAndProve(t, f, a) })
	until(t, "B has the payment's block", same)

	t.Run("headers satisfy the ledger's rules", func(t *testing.T) { acceptHeaders(t, a) })

	t.Run("a killed node comes back", func(t *testing.T) {
		before, _ := b.Best(t.Context())
		procB.Kill()
		silent(t, b)
		procB.Restart()
		until(t, "B has its blocks again, from A", same)
		after, err := b.Best(t.Context())
		if err != nil || after != before {
			t.Fatalf("got height %d %v want %d", after, err, before)
		}
		if undone, done := moves(t, cursor, b); len(undone) != 0 || len(done) != int(after)-110 {
			t.Fatalf("got %v undone, %v done", undone, done)
		}
	})

	t.Run("a reorganization while stopped gives exactly the undo", func(t *testing.T) {
		part(t, b, procA, "remove")
		mine(t, a, 2) // A alone: 112, 113 on its branch
		if undone, done := moves(t, cursor, a); len(undone) != 0 || len(done) != 2 {
			t.Fatalf("got %v undone, %v done, want two done", undone, done)
		}
		mine(t, b, 3) // B alone: a heavier branch
		part(t, b, procA, "add")
		until(t, "A follows B's branch", same)
		again, err := OpenCursor(path, genesis(t))
		if err != nil {
			t.Fatal(err)
		}
		undone, done := moves(t, again, a)
		if len(undone) != 2 || undone[0] != 113 || undone[1] != 112 || len(done) != 3 || done[2] != 114 {
			t.Fatalf("got %v undone, %v done, want 113, 112 undone and 112 to 114 done", undone, done)
		}
	})
}

// silent wants no answer of a node that is dead.
func silent(t *testing.T, n *rpc.Node) {
	t.Helper()
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := n.Best(short); err == nil {
		t.Fatal("a dead node answered")
	}
}

// part takes a peer from a node, or gives it back, and waits until it is so.
func part(t *testing.T, n *rpc.Node, peer *regtest.Node, how string) {
	t.Helper()
	if err := n.Call(t.Context(), "addnode", nil, peer.P2P, how); err != nil {
		t.Fatal(err)
	}
	until(t, "the peers part or meet", func() bool {
		var count int
		err := n.Call(t.Context(), "getconnectioncount", &count)
		return err == nil && (count > 0) == (how == "add")
	})
}

func payAndProve(t *testing.T, f *Faucet, a *rpc.Node) {
	t.Helper()
	script := append([]byte{0, 32}, make([]byte, 32)...)
	txid, err := f.Pay(t.Context(), a, script, 5000)
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.Pay(t.Context(), a, script, 6000)
	if err != nil || second == txid {
		t.Fatalf("a second payment: %v %v", second, err)
	}
	hash := mine(t, a, 1)[0]
	block, err := a.Block(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	if len(block.Transactions) != 3 {
		t.Fatalf("%d transactions, want the coinbase and both payments", len(block.Transactions))
	}
	proof, err := spv.NewProof(block.Transactions, 1)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := spv.Prove(proof, &block.Header.MerkleRoot)
	if err != nil || tx.ID != txid && tx.ID != second {
		t.Fatalf("got %v %v want %v or %v", tx.ID, err, txid, second)
	}
	if err := a.Send(t.Context(), block.Transactions[1]); err != nil {
		t.Fatalf("sending a mined transaction again: %v", err)
	}
	bad := block.Transactions[1].Copy()
	bad.TxOut[0].Value++
	if err := a.Send(t.Context(), bad); !errors.Is(err, rpc.ErrRejected) {
		t.Fatalf("a spoiled transaction: got %v want %v", err, rpc.ErrRejected)
	}
}

func acceptHeaders(t *testing.T, a *rpc.Node) {
	t.Helper()
	rules, err := spv.RulesFor("regtest", 6, 2)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := spv.Genesis("regtest")
	if err != nil {
		t.Fatal(err)
	}
	for {
		headers, err := a.Headers(t.Context(), rec.Hash, 50)
		if err != nil {
			t.Fatal(err)
		}
		if len(headers) == 0 {
			break
		}
		for i := range headers {
			if rec, err = spv.Accept(&rec, &headers[i], &rules, time.Now().Unix()); err != nil {
				t.Fatalf("height %d: %v", rec.Height+1, err)
			}
		}
	}
	if best, err := a.Best(t.Context()); err != nil || rec.Height != best {
		t.Fatalf("got height %d want %d, %v", rec.Height, best, err)
	}
	if hs, err := a.Headers(t.Context(), chainhash.Hash{1}, 10); err != nil || hs != nil {
		t.Fatalf("after an unknown block: got %d headers, %v", len(hs), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cert := write("cert", "", 0o644)
	public := write("public", `{"user":"u","password":"secret"}`, 0o644)
	empty := write("empty", `{}`, 0o600)
	if _, err := rpc.Open(rpc.Config{
		Certificate: cert, Credentials: public,
		Network: "regtest",
	}); !errors.Is(err, host.ErrExposed) {
		t.Errorf("a readable secret: got %v want %v", err, host.ErrExposed)
	}
	if _, err := rpc.Open(rpc.Config{Certificate: cert, Credentials: empty, Network: "regtest"}); err == nil {
		t.Error("no password: accepted")
	}
	if _, err := rpc.Open(rpc.Config{Certificate: cert, Credentials: empty, Network: "x"}); !errors.Is(err,
		spv.ErrNetwork) {
		t.Errorf("no such network: got %v want %v", err, spv.ErrNetwork)
	}
	if _, err := OpenFaucet(filepath.Join(dir, "f"), "mainnet"); !errors.Is(err, rpc.ErrNetwork) {
		t.Errorf("a faucet on mainnet: got %v want %v", err, rpc.ErrNetwork)
	}
	readable := write("faucet.key", "01234567890123456789012345678901", 0o640)
	if _, err := OpenFaucet(readable, "regtest"); !errors.Is(err, host.ErrExposed) {
		t.Errorf("a readable faucet key: got %v want %v", err, host.ErrExposed)
	}
	f, err := OpenFaucet(filepath.Join(dir, "new.key"), "regtest")
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenFaucet(filepath.Join(dir, "new.key"), "regtest")
	if err != nil || again.Address() != f.Address() {
		t.Errorf("the faucet's address changed: %v", err)
	}
	if _, err := f.Pay(t.Context(), nil, nil, ledger.Satoshi(-1)); err == nil {
		t.Error("a negative payment was tried")
	}
}
