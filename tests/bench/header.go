package main

import (
	"compress/bzip2"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
)

// later is a transaction's time after all of Bitcoin's headers in fixtures/bitcoin.
const later = 2_000_000_000

// headers is row 14: a real mainnet header on the record of the one before it.
func headers(ctx context.Context, b *bench) ([]Row, error) {
	raw, err := os.ReadFile(filepath.Join(b.root, "fixtures/bitcoin/mainnet-headers-0-2047.bin"))
	if err != nil {
		return nil, err
	}
	rules, err := spv.RulesFor("mainnet", 6, 0)
	if err != nil {
		return nil, err
	}
	rec, err := spv.Genesis("mainnet")
	if err != nil {
		return nil, err
	}
	const parent = 2000
	var h [spv.HeaderSize]byte
	for i := 1; i <= parent; i++ {
		copy(h[:], raw[i*spv.HeaderSize:])
		if rec, err = spv.Accept(&rec, &h, &rules, later); err != nil {
			return nil, err
		}
	}
	copy(h[:], raw[(parent+1)*spv.HeaderSize:])
	accept := func() error { _, err := spv.Accept(&rec, &h, &rules, later); return err }
	row, err := b.compare(ctx, comparison{
		id: "14", name: "header accept, record kept ÷ double SHA-256 of 80 bytes", unit: "ns", goal: "<=3",
		best: true, pairs: b.cpuPairs(),
		floor: timed(func() error { sink = chainhash.DoubleHashH(h[:]); return nil }), product: timed(accept),
	})
	if err != nil {
		return nil, err
	}
	row.Also = append(row.Also, condition("allocations in the rule", "=0",
		testing.AllocsPerRun(100, func() { err = errors.Join(err, accept()) })))
	row.judge()
	return []Row{row}, err
}

// sink keeps the compiler from leaving out what nobody reads.
var sink chainhash.Hash //nolint:unused // that nobody reads it is its use

// proofs is row 15: a transaction of a real mainnet block.
func proofs(ctx context.Context, b *bench) ([]Row, error) {
	f, err := os.Open(filepath.Join(b.root, "fixtures/bitcoin/mainnet-block-277647.bz2"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r := bzip2.NewReader(f)
	if _, err := io.ReadFull(r, make([]byte, 8)); err != nil { // magic and length, as btcd stores blocks
		return nil, err
	}
	var block wire.MsgBlock
	if err := block.Deserialize(r); err != nil {
		return nil, err
	}
	p, err := spv.NewProof(block.Transactions, 100)
	if err != nil {
		return nil, err
	}
	hashes := func() error {
		var pair [2 * chainhash.HashSize]byte
		sink = chainhash.DoubleHashH(p.Tx)
		sink = chainhash.DoubleHashH(p.Coinbase)
		for range 2 * len(p.Branch) / chainhash.HashSize {
			sink = chainhash.DoubleHashH(pair[:])
		}
		return nil
	}
	row, err := b.compare(ctx, comparison{
		id: "15", name: "Merkle proof, transactions parsed ÷ its hashes", unit: "ns", goal: "<=1.3", best: true,
		pairs: b.cpuPairs(),
		floor: timed(hashes), product: timed(func() error {
			_,
				err := spv.Prove(p, &block.Header.MerkleRoot)
			return err
		}),
	})
	return []Row{row}, err
}
