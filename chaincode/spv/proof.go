package spv

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// maxDepth of a Merkle tree: 2^17 leaves of the smallest transaction exceed any block.
const maxDepth = 17

// Hex is bytes that travel in documents as lower-case hex.
type Hex []byte

// MarshalText writes lower-case hex.
func (h Hex) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText reads lower-case hex and nothing else, so that a document has one form.
func (h *Hex) UnmarshalText(text []byte) error {
	b := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(b, text); err != nil || !bytes.Equal(hex.AppendEncode(nil, b), text) {
		return errors.New("not lower-case hex")
	}
	*h = b
	return nil
}

// Proof shows that a transaction is in a block. The coinbase and its branch fix the depth of the tree,
// without which an inner node could pose as a transaction.
type Proof struct {
	Tx             Hex    `json:"tx"`             // witness-less serialization, the one that the txid hashes
	Coinbase       Hex    `json:"coinbase"`       // the same of the block's first transaction
	Index          uint32 `json:"index"`          // place of Tx in the block, from 0
	Branch         Hex    `json:"branch"`         // siblings from Tx up, 32 bytes each, in hash order
	CoinbaseBranch Hex    `json:"coinbaseBranch"` // siblings from the coinbase up
}

// Tx is a transaction that a proof proved.
type Tx struct {
	ID  chainhash.Hash
	Msg *wire.MsgTx // without witness
}

// Prove checks a proof against a block's Merkle root. It shows only that the block commits to the
// transaction; for whether the block is final see [ProveFinal].
func Prove(p *Proof, root *chainhash.Hash) (Tx, error) {
	tx, err := parseTx(p.Tx)
	if err != nil {
		return Tx{}, err
	}
	coinbase, err := parseTx(p.Coinbase)
	if err != nil {
		return Tx{}, err
	}
	if err := checkKinds(p.Index, tx, coinbase); err != nil {
		return Tx{}, err
	}
	if err := checkBranches(p); err != nil {
		return Tx{}, err
	}
	id, coinbaseID := chainhash.DoubleHashH(p.Tx), chainhash.DoubleHashH(p.Coinbase)
	if got, err := fold(coinbaseID, 0, p.CoinbaseBranch); err != nil {
		return Tx{}, err
	} else if got != *root {
		return Tx{}, ErrCoinbaseRoot.With(got.String())
	}
	if got, err := fold(id, p.Index, p.Branch); err != nil {
		return Tx{}, err
	} else if got != *root {
		return Tx{}, ErrRoot.With(got.String())
	}
	if err := checkAmounts(tx); err != nil {
		return Tx{}, err
	}
	return Tx{ID: id, Msg: tx}, nil
}

func parseTx(raw []byte) (*wire.MsgTx, error) {
	if len(raw) == 64 {
		return nil, ErrSixtyFour
	}
	if !holds(raw) {
		return nil, ErrTransaction.With("a cut-off transaction")
	}
	var tx wire.MsgTx
	r := bytes.NewReader(raw)
	if err := tx.DeserializeNoWitness(r); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, ErrTransaction.With("a cut-off transaction")
		}
		return nil, ErrTransaction.With(err.Error())
	}
	if r.Len() > 0 {
		return nil, ErrTrailing.With(strconv.Itoa(r.Len()) + " bytes")
	}
	if len(tx.TxIn) == 0 || len(tx.TxOut) == 0 {
		return nil, ErrTransaction.With("no inputs or no outputs")
	}
	return &tx, nil
}

// holds reports whether raw is long enough for the inputs, outputs and scripts that its counts announce.
// Package wire allocates by these counts before it reads on: 150 MB for a hundred bytes that announce 3.7
// million outputs.
func holds(raw []byte) bool {
	const version, lockTime = 4, 4
	r := room{rest: raw}
	r.skip(version)
	r.list(36, 4) // inputs: outpoint, script, sequence
	r.list(8, 0)  // outputs: amount, script
	r.skip(lockTime)
	return !r.short
}

// room walks over a transaction's bytes; short means that they ended too early.
type room struct {
	rest  []byte
	short bool
}

func (r *room) skip(n uint64) {
	if r.short = r.short || n > uint64(len(r.rest)); !r.short {
		r.rest = r.rest[n:]
	}
}

// number reads Bitcoin's CompactSize.
func (r *room) number() uint64 {
	if len(r.rest) == 0 {
		r.short = true
		return 0
	}
	size := 1
	if first := r.rest[0]; first >= 0xfd {
		size = 1 + 2<<(first-0xfd)
	}
	var wide [8]byte
	if size == 1 {
		wide[0] = r.rest[0]
	} else {
		copy(wide[:], r.rest[1:min(size, len(r.rest))])
	}
	r.skip(uint64(size))
	return binary.LittleEndian.Uint64(wide[:])
}

// list skips entries of a script with this many bytes before and after it.
func (r *room) list(before, after uint64) {
	for n := r.number(); n > 0 && !r.short; n-- {
		r.skip(before)
		r.skip(r.number())
		r.skip(after)
	}
}

// isCoinbase is Bitcoin's own test: one input that spends nothing.
func isCoinbase(tx *wire.MsgTx) bool {
	if len(tx.TxIn) != 1 {
		return false
	}
	from := &tx.TxIn[0].PreviousOutPoint
	return from.Index == wire.MaxPrevOutIndex && from.Hash == chainhash.Hash{}
}

func checkKinds(index uint32, tx, coinbase *wire.MsgTx) error {
	switch {
	case isCoinbase(tx), index == 0:
		return ErrCoinbase
	case !isCoinbase(coinbase):
		return ErrNotCoinbase
	}
	return nil
}

func checkBranches(p *Proof) error {
	switch depth := len(p.Branch) / chainhash.HashSize; {
	case len(p.Branch)%chainhash.HashSize != 0, len(p.CoinbaseBranch)%chainhash.HashSize != 0:
		return ErrBranch.With(fmt.Sprintf("%d and %d bytes, expected multiples of 32", len(p.Branch),
			len(p.CoinbaseBranch)))
	case depth > maxDepth:
		return ErrBranch.Field("hashes", depth, "at most "+strconv.Itoa(maxDepth))
	case len(p.Branch) != len(p.CoinbaseBranch):
		return ErrDepthDiffers.Field("hashes", depth, strconv.Itoa(len(p.CoinbaseBranch)/chainhash.HashSize)+
			", as the coinbase has")
	case uint64(p.Index) >= 1<<depth:
		return ErrIndex.Field("index", p.Index, "less than "+strconv.Itoa(1<<depth)+", for "+
			strconv.Itoa(depth)+" hashes")
	}
	return nil
}

// fold hashes a leaf up its branch to the root. It refuses a right child that equals its sibling: Bitcoin
// pairs the last node of an odd row with itself, so such a proof shows a transaction in a place that the
// block doesn't have (CVE-2012-2459).
func fold(node chainhash.Hash, index uint32, branch []byte) (chainhash.Hash, error) {
	var pair [2 * chainhash.HashSize]byte
	for ; len(branch) > 0; branch, index = branch[chainhash.HashSize:], index>>1 {
		sibling := branch[:chainhash.HashSize]
		if index&1 == 1 {
			if bytes.Equal(sibling, node[:]) {
				return node, ErrTwin
			}
			copy(pair[:], sibling)
			copy(pair[chainhash.HashSize:], node[:])
		} else {
			copy(pair[:], node[:])
			copy(pair[chainhash.HashSize:], sibling)
		}
		node = chainhash.DoubleHashH(pair[:])
	}
	return node, nil
}

func checkAmounts(tx *wire.MsgTx) error {
	var sum ledger.Satoshi
	for _, out := range tx.TxOut {
		amount := ledger.Satoshi(out.Value)
		if !amount.Valid() {
			return ErrAmount.With(amount.String())
		}
		if sum += amount; !sum.Valid() {
			return ErrAmount.With(sum.String() + " in all")
		}
	}
	return nil
}

// NewProof makes the proof for the transaction at index of a block's transactions, in block order.
func NewProof(txs []*wire.MsgTx, index int) (*Proof, error) {
	if index <= 0 || index >= len(txs) {
		return nil, ErrIndex.Field("index", index, "1 to "+strconv.Itoa(len(txs)-1))
	}
	leaves := make([]chainhash.Hash, len(txs))
	for i, tx := range txs {
		leaves[i] = tx.TxHash()
	}
	//nolint:gosec // G115: a block holds far fewer than 2^32 transactions
	p := &Proof{
		Index: uint32(index), Branch: branch(leaves, index), CoinbaseBranch: branch(leaves, 0),
	}
	for to, tx := range map[*Hex]*wire.MsgTx{&p.Tx: txs[index], &p.Coinbase: txs[0]} {
		var b bytes.Buffer
		if err := tx.SerializeNoWitness(&b); err != nil {
			return nil, ErrTransaction.With(err.Error())
		}
		*to = b.Bytes()
	}
	return p, nil
}

// branch is the path of siblings from leaf i to the root.
func branch(level []chainhash.Hash, i int) (path Hex) {
	for len(level) > 1 {
		path = append(path, level[min(i^1, len(level)-1)][:]...)
		next := make([]chainhash.Hash, (len(level)+1)/2)
		for j := range next {
			var pair [2 * chainhash.HashSize]byte
			copy(pair[:], level[2*j][:])
			copy(pair[chainhash.HashSize:], level[min(2*j+1, len(level)-1)][:])
			next[j] = chainhash.DoubleHashH(pair[:])
		}
		level, i = next, i/2
	}
	return path
}
