package spv

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
)

func wireHeader(parent *Record, at uint32, version int32, rules *Rules) wire.BlockHeader {
	return wire.BlockHeader{
		Version: version, PrevBlock: parent.Hash, Timestamp: unix(at),
		Bits: nextBits(parent, at, rules),
	}
}

func FuzzRecord(f *testing.F) {
	for _, name := range []string{"mainnet", "regtest"} {
		r, err := Genesis(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(r.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRecord(b)
		if err == nil && !bytes.Equal(r.Encode(), b) {
			t.Fatalf("got %x want %x", r.Encode(), b)
		}
	})
}

func FuzzHeader(f *testing.F) {
	headers := mainnetHeaders(f)
	f.Add(headers[1][:], uint64(0))
	f.Add(headers[2][:], uint64(3))
	rules, err := RulesFor("mainnet", 6, 0)
	if err != nil {
		f.Fatal(err)
	}
	genesis, err := Genesis("mainnet")
	if err != nil {
		f.Fatal(err)
	}
	net := network{params: Params("mainnet"), period: 2016}
	parent := &node{header: Params("mainnet").GenesisBlock.Header}
	f.Fuzz(func(t *testing.T, b []byte, txTime uint64) {
		if len(b) < HeaderSize {
			return
		}
		raw := [HeaderSize]byte(b[:HeaderSize])
		at := int64(txTime % (1 << 33))
		var h wire.BlockHeader
		if err := h.Deserialize(bytes.NewReader(raw[:])); err != nil {
			t.Fatal(err)
		}
		_, err := Accept(&genesis, &raw, &rules, at)
		want := net.judge(&h, parent, at)
		if h.PrevBlock == genesis.Hash && (err == nil) != (want == nil) {
			t.Fatalf("got %v, btcd says %v", err, want)
		}
	})
}

func FuzzProof(f *testing.F) {
	txs := block(5)
	root := rootOf(txs)
	honest := map[string]bool{}
	for i := 1; i < len(txs); i++ {
		p, err := NewProof(txs, i)
		if err != nil {
			f.Fatal(err)
		}
		doc, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(doc)
		honest[txs[i].TxHash().String()] = true
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var p Proof
		if json.Unmarshal(doc, &p) != nil {
			return
		}
		if tx, err := Prove(&p, &root); err == nil && !honest[tx.ID.String()] {
			t.Fatalf("%v is not in the block and was proven", tx.ID)
		}
	})
}
