package spv

import (
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// Row 14 of tests/bench/README.md: floor is the double SHA-256 of the same 80 bytes.
func BenchmarkDoubleSHA80(b *testing.B) {
	h := mainnetHeaders(b)[1]
	b.ReportAllocs()
	for b.Loop() {
		_ = chainhash.DoubleHashH(h[:])
	}
}

func benchmarkAccept(b *testing.B, from int) {
	b.Helper()
	rules, err := RulesFor("mainnet", 6, 0)
	if err != nil {
		b.Fatal(err)
	}
	rec, err := Genesis("mainnet")
	if err != nil {
		b.Fatal(err)
	}
	headers := mainnetHeaders(b)
	for i := 1; i <= from; i++ {
		if rec, err = Accept(&rec, &headers[i], &rules, later); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Accept(&rec, &headers[from+1], &rules, later); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAccept(b *testing.B)         { benchmarkAccept(b, 2000) }
func BenchmarkAcceptRetarget(b *testing.B) { benchmarkAccept(b, 2015) }

func BenchmarkRecord(b *testing.B) {
	rec, err := Genesis("mainnet")
	if err != nil {
		b.Fatal(err)
	}
	raw := rec.Encode()
	b.ReportAllocs()
	for b.Loop() {
		r, err := DecodeRecord(raw)
		if err != nil {
			b.Fatal(err)
		}
		_ = r.Encode()
	}
}

// Row 15 of tests/bench/README.md: floor is the hashes that a proof can't do without: two leaves and two
// branches.
func BenchmarkProofHashes(b *testing.B) {
	blk := realBlock(b)
	p, err := NewProof(blk.Transactions, 100)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var pair [64]byte
	for b.Loop() {
		_, _ = chainhash.DoubleHashH(p.Tx), chainhash.DoubleHashH(p.Coinbase)
		for range 2 * len(p.Branch) / 32 {
			_ = chainhash.DoubleHashH(pair[:])
		}
	}
}

func BenchmarkProve(b *testing.B) {
	blk := realBlock(b)
	p, err := NewProof(blk.Transactions, 100)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Prove(p, &blk.Header.MerkleRoot); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAcceptDoesNotAllocate(t *testing.T) {
	rules, err := RulesFor("mainnet", 6, 0)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := Genesis("mainnet")
	if err != nil {
		t.Fatal(err)
	}
	h := mainnetHeaders(t)[1]
	if n := testing.AllocsPerRun(100, func() { _, _ = Accept(&rec, &h, &rules, later) }); n != 0 {
		t.Fatalf("got %v allocations a header, want 0", n)
	}
}
