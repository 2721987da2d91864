package contract_test

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// miner makes regtest blocks, whose work is free.
type miner struct {
	w      *world
	tip    chainhash.Hash
	height uint32
	time   time.Time
	extra  byte // sets branches apart
}

func (w *world) miner() *miner {
	start, err := spv.Genesis("regtest")
	if err != nil {
		w.T.Fatal(err)
	}
	return &miner{w: w, tip: start.Hash, time: time.Unix(int64(start.Time), 0)}
}

// block is one mined block.
type block struct {
	header wire.BlockHeader
	height uint32
	txs    []*wire.MsgTx
}

func (b block) hash() string { return b.header.BlockHash().String() }

func (b block) hex(w *world) string {
	var raw bytes.Buffer
	if err := b.header.Serialize(&raw); err != nil {
		w.T.Fatal(err)
	}
	return hex.EncodeToString(raw.Bytes())
}

// mine makes the next block with these transactions after its coinbase.
func (m *miner) mine(txs ...*wire.MsgTx) block {
	m.w.T.Helper()
	m.height++
	m.time = m.time.Add(10 * time.Minute)
	coinbase := wire.NewMsgTx(1)
	coinbase.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, 1<<32-1),
		[]byte{4, byte(m.height), byte(m.height >> 8), m.extra, 0}, nil))
	coinbase.AddTxOut(wire.NewTxOut(5_000_000_000, []byte{0x51}))
	all := append([]*wire.MsgTx{coinbase}, txs...)
	leaves := make([]chainhash.Hash, len(all))
	for i, tx := range all {
		leaves[i] = tx.TxHash()
	}
	h := wire.BlockHeader{
		Version: 4, PrevBlock: m.tip, MerkleRoot: merkle(leaves), Timestamp: m.time,
		Bits: 0x207fffff,
	}
	for h.BlockHash()[31]&0x80 != 0 { // half of all hashes are below regtest's target
		h.Nonce++
	}
	m.tip = h.BlockHash()
	return block{header: h, height: m.height, txs: all}
}

func merkle(level []chainhash.Hash) chainhash.Hash {
	for len(level) > 1 {
		var next []chainhash.Hash
		for i := 0; i < len(level); i += 2 {
			right := level[min(i+1, len(level)-1)]
			next = append(next, chainhash.DoubleHashH(append(append([]byte{}, level[i][:]...), right[:]...)))
		}
		level = next
	}
	return level[0]
}

// outputs is a transaction that pays these amounts to the script.
func outputs(script string, amounts ...int64) *wire.MsgTx {
	raw, err := hex.DecodeString(script)
	if err != nil {
		panic(err)
	}
	tx := wire.NewMsgTx(2)
	seed := chainhash.DoubleHashH([]byte(script + strconv.FormatInt(amounts[0], 10)))
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&seed, 0), nil, nil))
	for _, a := range amounts {
		tx.AddTxOut(wire.NewTxOut(a, raw))
	}
	return tx
}

// submit sends blocks' headers to the ledger.
func (w *world) submit(blocks ...block) {
	w.T.Helper()
	list := make([]string, len(blocks))
	for i, b := range blocks {
		list[i] = b.hex(w)
	}
	w.Must(w.oracles[operator], "bitcoin:SubmitHeaders", doc(list))
}

// attest has both oracles attest a block.
func (w *world) attest(b block) {
	w.T.Helper()
	for _, m := range []string{manufacturer, operator} {
		w.Must(w.oracles[m], "bitcoin:Attest", strconv.FormatUint(uint64(b.height), 10), b.hash())
	}
}

// confirm mines a block with the transactions and one on top, and makes the first final.
func (w *world) confirm(m *miner, txs ...*wire.MsgTx) block {
	w.T.Helper()
	b := m.mine(txs...)
	w.submit(b, m.mine())
	w.attest(b)
	return b
}

// settlement is the request that proves the block's index-th transaction to an order.
func (w *world) settlement(o order.Order, b block, index int) string {
	w.T.Helper()
	p, err := spv.NewProof(b.txs, index)
	if err != nil {
		w.T.Fatal(err)
	}
	return doc(order.SettleRequest{Order: o.ID, Height: spv.Height(b.height), Block: b.hash(), Proof: *p})
}
