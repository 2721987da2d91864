package spv

import (
	"bytes"
	"compress/bzip2"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// realBlock is mainnet block 277647 of btcd's test data: 213 transactions.
func realBlock(tb testing.TB) *wire.MsgBlock {
	tb.Helper()
	f, err := os.Open("../../fixtures/bitcoin/mainnet-block-277647.bz2")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	r := bzip2.NewReader(f)
	if _, err := r.Read(make([]byte, 8)); err != nil { // magic and length
		tb.Fatal(err)
	}
	var b wire.MsgBlock
	if err := b.Deserialize(r); err != nil {
		tb.Fatal(err)
	}
	return &b
}

func TestProveEveryTransactionOfARealBlock(t *testing.T) {
	b := realBlock(t)
	for i := 1; i < len(b.Transactions); i++ {
		p, err := NewProof(b.Transactions, i)
		if err != nil {
			t.Fatal(err)
		}
		tx, err := Prove(p, &b.Header.MerkleRoot)
		if err != nil {
			t.Fatalf("transaction %d: %v", i, err)
		}
		if want := b.Transactions[i].TxHash(); tx.ID != want {
			t.Fatalf("transaction %d: got %v want %v", i, tx.ID, want)
		}
	}
}

func TestProofSurvivesJSON(t *testing.T) {
	b := realBlock(t)
	p, err := NewProof(b.Transactions, 212)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Proof
	if err := json.Unmarshal(doc, &back); err != nil {
		t.Fatal(err)
	}
	if _, err := Prove(&back, &b.Header.MerkleRoot); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`{"tx":"AB"}`, `{"tx":"abc"}`, `{"tx":"zz"}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}

func TestProveRefuses(t *testing.T) {
	b := realBlock(t)
	flip := func(h Hex, i int) Hex { c := slices.Clone(h); c[i] ^= 1; return c }
	tests := []struct {
		name    string
		spoil   func(p *Proof)
		wantErr error
	}{
		{"a changed transaction", func(p *Proof) { p.Tx = flip(p.Tx, len(p.Tx)-1) }, ErrRoot},
		{"a changed branch", func(p *Proof) { p.Branch = flip(p.Branch, 40) }, ErrRoot},
		{"a wrong index", func(p *Proof) { p.Index ^= 2 }, ErrRoot},
		{"an index past the tree", func(p *Proof) { p.Index += 256 }, ErrIndex},
		{"a short branch", func(p *Proof) { p.Branch = p.Branch[32:] }, ErrDepthDiffers},
		{"part of a hash", func(p *Proof) { p.Branch = p.Branch[1:] }, ErrBranch},
		{"too long a branch", func(p *Proof) { p.Branch = make(Hex, 18*32); p.CoinbaseBranch = p.Branch }, ErrBranch},
		{"trailing bytes", func(p *Proof) { p.Tx = append(slices.Clone(p.Tx), 0) }, ErrTrailing},
		{"a cut-off transaction", func(p *Proof) { p.Tx = p.Tx[:len(p.Tx)-1] }, ErrTransaction},
		{"no transaction", func(p *Proof) { p.Tx = nil }, ErrTransaction},
		{"64 bytes", func(p *Proof) { p.Tx = make(Hex, 64) }, ErrSixtyFour},
		{"64 bytes of coinbase", func(p *Proof) { p.Coinbase = make(Hex, 64) }, ErrSixtyFour},
		{"the coinbase as payment", func(p *Proof) {
			p.Tx, p.Index, p.Branch = p.Coinbase, 0,
				p.CoinbaseBranch
		}, ErrCoinbase},
		{"another transaction as coinbase", func(p *Proof) { p.Coinbase = p.Tx }, ErrNotCoinbase},
		{"a changed coinbase", func(p *Proof) { p.Coinbase = flip(p.Coinbase, len(p.Coinbase)-1) }, ErrCoinbaseRoot},
		{
			"a changed coinbase branch", func(p *Proof) { p.CoinbaseBranch = flip(p.CoinbaseBranch, 0) },
			ErrCoinbaseRoot,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := NewProof(b.Transactions, 100)
			if err != nil {
				t.Fatal(err)
			}
			tt.spoil(p)
			if _, err := Prove(p, &b.Header.MerkleRoot); !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v want %v", err, tt.wantErr)
			}
		})
	}
}

func TestProveRefusesWitness(t *testing.T) {
	txs := block(3)
	txs[1].TxIn[0].Witness = wire.TxWitness{{1}, {2}}
	p, err := NewProof(txs, 1)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := txs[1].Serialize(&b); err != nil {
		t.Fatal(err)
	}
	p.Tx = b.Bytes()
	root := rootOf(txs)
	if _, err := Prove(p, &root); err == nil {
		t.Fatal("a serialization with witness was accepted")
	}
}

// block makes n small transactions, the first a coinbase.
func block(n int) []*wire.MsgTx {
	txs := make([]*wire.MsgTx, n)
	for i := range txs {
		tx := wire.NewMsgTx(2)
		from := wire.OutPoint{Hash: chainhash.Hash{byte(i), byte(i >> 8), 7}, Index: uint32(i)}
		if i == 0 {
			from = wire.OutPoint{Index: wire.MaxPrevOutIndex}
		}
		tx.AddTxIn(wire.NewTxIn(&from, []byte{1, byte(i)}, nil))
		tx.AddTxOut(wire.NewTxOut(int64(1000+i), []byte{0x51}))
		txs[i] = tx
	}
	return txs
}

func rootOf(txs []*wire.MsgTx) chainhash.Hash {
	level := make([]chainhash.Hash, len(txs))
	for i, tx := range txs {
		level[i] = tx.TxHash()
	}
	root, err := fold(level[0], 0, branch(level, 0))
	if err != nil {
		panic(err)
	}
	return root
}

func TestProveEveryShapeOfTree(t *testing.T) {
	for n := 2; n < 40; n++ {
		txs := block(n)
		root := rootOf(txs)
		for i := 1; i < n; i++ {
			p, err := NewProof(txs, i)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Prove(p, &root); err != nil {
				t.Fatalf("transaction %d of %d: %v", i, n, err)
			}
		}
	}
}

// CVE-2012-2459: with an odd number of leaves the last is paired with itself, so the same branch fits an
// index that doesn't exist.
func TestProveRefusesPhantomTwin(t *testing.T) {
	txs := block(3)
	root := rootOf(txs)
	p, err := NewProof(txs, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prove(p, &root); err != nil {
		t.Fatalf("the honest last leaf: %v", err)
	}
	p.Index = 3
	if _, err := Prove(p, &root); !errors.Is(err, ErrTwin) {
		t.Fatalf("the phantom: got %v want %v", err, ErrTwin)
	}
}

// CVE-2017-12842: a 64-byte transaction of the block is read as an inner node; its second half is the hash of
// a forged payment that no miner ever saw. A plain fold is fooled.
func TestProveRefusesForgedInnerNode(t *testing.T) {
	forged := block(2)[1]
	forged.TxOut[0].Value = 1_000_000
	forgedID := forged.TxHash()
	var inner [64]byte
	copy(inner[:], bytes.Repeat([]byte{9}, 32))
	copy(inner[32:], forgedID[:])
	txs := block(4)
	leaves := make([]chainhash.Hash, 4)
	for i, tx := range txs {
		leaves[i] = tx.TxHash()
	}
	leaves[2] = chainhash.DoubleHashH(inner[:])
	root, err := fold(leaves[0], 0, branch(leaves, 0))
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProof(txs, 2)
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if err := forged.SerializeNoWitness(&raw); err != nil {
		t.Fatal(err)
	}
	p.Tx, p.Index = raw.Bytes(), 5
	p.Branch = append(slices.Clone(inner[:32]), branch(leaves, 2)...)
	p.CoinbaseBranch = branch(leaves, 0)
	if got, err := fold(forgedID, p.Index, p.Branch); err != nil || got != root {
		t.Fatalf("the forgery does not even fool a plain fold: %v %v", got, err)
	}
	if _, err := Prove(p, &root); !errors.Is(err, ErrDepthDiffers) {
		t.Fatalf("the forged payment: got %v want %v", err, ErrDepthDiffers)
	}
	p.Tx, p.Index, p.Branch = inner[:], 2, branch(leaves, 2)
	if _, err := Prove(p, &root); !errors.Is(err, ErrSixtyFour) {
		t.Fatalf("the 64-byte transaction: got %v want %v", err, ErrSixtyFour)
	}
}

func TestProveRefusesImpossibleAmounts(t *testing.T) {
	for _, amounts := range [][]int64{{-1}, {21_000_000*100_000_000 + 1}, {21_000_000 * 100_000_000, 1}} {
		txs := block(2)
		txs[1].TxOut = nil
		for _, a := range amounts {
			txs[1].AddTxOut(wire.NewTxOut(a, []byte{0x51}))
		}
		p, err := NewProof(txs, 1)
		if err != nil {
			t.Fatal(err)
		}
		root := rootOf(txs)
		if _, err := Prove(p, &root); !errors.Is(err, ErrAmount) {
			t.Fatalf("%v: got %v want %v", amounts, err, ErrAmount)
		}
	}
}
