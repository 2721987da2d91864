package btcd

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/fixtures/bitcoin/regtest"
	"github.com/guildmark/guildmark/machine/wallet"
)

// One story on a real node: the wallet's address mines, the coins ripen, an order's P2WSH script is paid and
// mined, the change is found.
func TestPayOnRealNode(t *testing.T) {
	w, err := wallet.Open(t.TempDir(), "regtest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	address, err := w.Address(0)
	if err != nil {
		t.Fatal(err)
	}
	node := regtest.Start(t, address)
	at := rpc.Config{
		RPC: "https://" + node.RPC, Certificate: node.Certificate, Credentials: node.Credentials,
		Network: "regtest",
	}
	chain, err := Open(Config{Config: at})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(chain.Close)
	miner, err := rpc.Open(at) // the wallet itself can't mine
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(miner.Close)
	mine := func(n uint32) chainhash.Hash {
		t.Helper()
		hashes, err := miner.Generate(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		return hashes[len(hashes)-1]
	}
	balance := func() ledger.Satoshi {
		t.Helper()
		sum, err := w.Balance(t.Context(), chain)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	const subsidy ledger.Satoshi = 50 * 100_000_000
	mine(99)
	if got := balance(); got != 0 {
		t.Fatalf("unripe coins: got %s want none", got)
	}
	mine(3)
	if got := balance(); got != 3*subsidy {
		t.Fatalf("ripe coins: got %s want %s", got, 3*subsidy)
	}
	script := append([]byte{txscript.OP_0, 32}, bytes.Repeat([]byte{7}, 32)...)
	order := wallet.Payment{Order: ledger.Hash("an order"), Script: script, Amount: 25_000}
	id, err := w.Pay(t.Context(), chain, order)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.Pay(t.Context(), chain, order); err != nil || again != id {
		t.Fatalf("again, waiting: got %v %v want %v", again, err, id)
	}
	depth := func(want int64) {
		t.Helper()
		balance() // reads the blocks
		if got, newest := chain.Depth(id); got != want || newest.IsZero() {
			t.Errorf("the payment has %d confirmations, newest block %s; want %d", got, newest, want)
		}
	}
	depth(0)
	block, err := miner.Block(t.Context(), mine(1))
	if err != nil {
		t.Fatal(err)
	}
	if len(block.Transactions) != 2 || block.Transactions[1].TxHash() != id {
		t.Fatalf("the payment %v was not mined", id)
	}
	if again, err := w.Pay(t.Context(), chain, order); err != nil || again != id {
		t.Fatalf("again, mined: got %v %v want %v", again, err, id)
	}
	depth(1)
	// One more subsidy has ripened; the change came back but for the fee.
	if got, most := balance(), 4*subsidy-25_000; got >= most || got < most-2000 {
		t.Fatalf("with the change: got %s want a little less than %s", got, most)
	}
}

func TestOpenRefusesReadableSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(path, []byte(`{"user":"u","password":"p"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Config: rpc.Config{
		Certificate: path, Credentials: path,
		Network: "regtest",
	}}); !errors.Is(err, host.ErrExposed) {
		t.Fatalf("got %v want %v", err, host.ErrExposed)
	}
}
