package oracle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
)

// Row 16 of tests/bench/README.md: scanning a block of 6,000 outputs with W watched scripts; floor is W = 0.
func BenchmarkScan(b *testing.B) {
	script := func(n int) []byte {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
		return append([]byte{0, 32}, h[:]...)
	}
	block := &wire.MsgBlock{}
	for i := range 3001 {
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{1}, Index: uint32(i)}, nil, nil))
		tx.AddTxOut(wire.NewTxOut(1000, script(2*i)))
		tx.AddTxOut(wire.NewTxOut(1000, script(2*i+1)))
		block.Transactions = append(block.Transactions, tx)
	}
	for _, watched := range []int{0, 1000, 100_000} {
		b.Run(fmt.Sprint(watched), func(b *testing.B) {
			o, err := New(Config{MSP: "A", State: b.TempDir(), Ledger: as{}, Node: &miner{}})
			if err != nil {
				b.Fatal(err)
			}
			o.watch = &watch{scripts: map[string]string{}}
			for i := range watched {
				o.watch.scripts[string(script(-1-i))] = "order"
			}
			for b.Loop() {
				o.scan(index(spv.Block{}, block))
			}
		})
	}
}
