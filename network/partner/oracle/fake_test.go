package oracle

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// miner is a regtest chain in memory behind the Node interface.
type miner struct {
	mu     sync.Mutex
	blocks []*wire.MsgBlock
	salt   uint32
}

func newMiner(t *testing.T) *miner {
	t.Helper()
	return &miner{blocks: []*wire.MsgBlock{spv.Params("regtest").GenesisBlock}}
}

// mine adds a block with a coinbase and the given payments.
func (m *miner) mine(payments ...*wire.MsgTx) spv.Block {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.blocks[len(m.blocks)-1].Header
	m.salt++
	coinbase := wire.NewMsgTx(1)
	coinbase.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: wire.MaxPrevOutIndex},
		binary.LittleEndian.AppendUint32([]byte{4}, m.salt), nil))
	coinbase.AddTxOut(wire.NewTxOut(50, []byte{0x51}))
	b := &wire.MsgBlock{
		Header: wire.BlockHeader{
			Version: 4, PrevBlock: last.BlockHash(),
			Timestamp: last.Timestamp.Add(10 * time.Minute), Bits: 0x207fffff,
		},
		Transactions: append([]*wire.MsgTx{coinbase}, payments...),
	}
	ids := make([]chainhash.Hash, 0, len(b.Transactions))
	for _, tx := range b.Transactions {
		ids = append(ids, tx.TxHash())
	}
	b.Header.MerkleRoot = merkle(ids)
	for {
		hash := b.BlockHash()
		if blockchain.HashToBig(&hash).Cmp(blockchain.CompactToBig(b.Header.Bits)) <= 0 {
			break
		}
		b.Header.Nonce++
	}
	m.blocks = append(m.blocks, b)
	return spv.Block{Height: spv.Height(len(m.blocks) - 1), Hash: b.BlockHash()}
}

func merkle(level []chainhash.Hash) chainhash.Hash {
	for len(level) > 1 {
		var next []chainhash.Hash
		for i := 0; i < len(level); i += 2 {
			right := level[min(i+1, len(level)-1)]
			next = append(next, chainhash.DoubleHashH(append(level[i].CloneBytes(), right[:]...)))
		}
		level = next
	}
	return level[0]
}

// cut takes blocks off the chain.
func (m *miner) cut(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blocks = m.blocks[:len(m.blocks)-n]
}

func (m *miner) Best(context.Context) (spv.Height, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return spv.Height(len(m.blocks) - 1), nil
}

func (m *miner) HashAt(_ context.Context, h spv.Height) (chainhash.Hash, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if int(h) >= len(m.blocks) {
		return chainhash.Hash{}, false, nil
	}
	return m.blocks[h].BlockHash(), true, nil
}

func (m *miner) Block(_ context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.blocks {
		if b.BlockHash() == hash {
			return b, nil
		}
	}
	return nil, errors.New("no such block")
}

func (m *miner) Headers(_ context.Context, after chainhash.Hash, limit int) ([][spv.HeaderSize]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var hs [][spv.HeaderSize]byte
	found := false
	for _, b := range m.blocks {
		if found && len(hs) < limit {
			var w bytes.Buffer
			if err := b.Header.Serialize(&w); err != nil {
				return nil, err
			}
			hs = append(hs, [spv.HeaderSize]byte(w.Bytes()))
		}
		found = found || b.BlockHash() == after
	}
	return hs, nil
}

// books is a ledger in memory with the real rules of spv and payment; shared by all oracles of a test.
type books struct {
	mu       sync.Mutex
	rules    spv.Rules
	config   consortium.Config
	kv       map[string][]byte
	events   []client.Event
	news     chan struct{} // closed and replaced when an event is added
	orders   map[string]order.Order
	credited map[string]int // outpoint -> how often it was credited
	writes   map[string]int // committed transactions by function
}

func newBooks(t *testing.T) *books {
	t.Helper()
	genesis, err := spv.Genesis("regtest")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := spv.RulesFor("regtest", 6, 2)
	if err != nil {
		t.Fatal(err)
	}
	return &books{
		rules: rules, kv: map[string][]byte{}, news: make(chan struct{}), orders: map[string]order.Order{},
		credited: map[string]int{}, writes: map[string]int{},
		config: consortium.Config{Bitcoin: consortium.Bitcoin{
			Network: "regtest", Checkpoint: genesis.String(),
			FinalDepth: 6, Attestations: 2,
		}},
	}
}

// place issues an order and returns a transaction that pays it.
func (b *books) place(n int) (order.Order, *wire.MsgTx) {
	b.mu.Lock()
	defer b.mu.Unlock()
	script := append([]byte{0, 32}, bytes.Repeat([]byte{byte(n)}, 32)...)
	o := order.Order{ID: ledger.Hash("test", strconv.Itoa(n)), Script: hex.EncodeToString(script)}
	b.orders[o.ID] = o
	b.announce(ledger.EventOrderPlaced, ledger.Encode(o))
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{byte(n), 1}}, nil, nil))
	tx.AddTxOut(wire.NewTxOut(3000, script))
	return o, tx
}

func (b *books) announce(name string, payload []byte) {
	n := uint64(len(b.events))
	b.events = append(b.events, client.Event{Block: n, TxID: fmt.Sprint("tx", n), Name: name, Payload: payload})
	close(b.news)
	b.news = make(chan struct{})
}

func (b *books) evaluate(function string, args ...string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch function {
	case "governance:Config":
		return string(ledger.Encode(b.config)), nil
	case "bitcoin:Tip":
		tip, ok, _ := b.Tip()
		if !ok {
			return "", spv.ErrNotStarted
		}
		return string(ledger.Encode(spv.TipView{Height: uint32(tip.Height), Hash: tip.Hash.String()})), nil
	case "bitcoin:Locate":
		h, _ := strconv.Atoi(args[0])
		hash, ok, _ := b.HashAt(spv.Height(h))
		if !ok {
			return "", spv.ErrUnknownBlock
		}
		return hash.String(), nil
	case "bitcoin:Final":
		h, _ := strconv.Atoi(args[0])
		f := spv.FinalView{Attested: []string{}}
		if hash, ok, _ := b.FinalAt(spv.Height(h)); ok {
			f.Hash = hash.String()
		}
		for _, p := range []string{"A", "B"} {
			if _, ok, _ := b.Attestation(spv.Height(h), p); ok {
				f.Attested = append(f.Attested, p)
			}
		}
		return string(ledger.Encode(f)), nil
	}
	return "", fmt.Errorf("no function %s", function)
}

func (b *books) submit(msp, function string, args ...string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer, err := b.write(msp, function, args)
	if err == nil {
		b.writes[function]++
		b.announce(function, nil)
	}
	return answer, err
}

func (b *books) write(msp, function string, args []string) (string, error) {
	switch function {
	case "bitcoin:Start":
		start, err := spv.ParseRecord(b.config.Bitcoin.Checkpoint)
		if err != nil {
			return "", err
		}
		return "", spv.Start(b, &b.rules, start)
	case "bitcoin:SubmitHeaders":
		return "", b.headers(args[0])
	case "bitcoin:Attest":
		h, _ := strconv.Atoi(args[0])
		hash, err := chainhash.NewHashFromStr(args[1])
		if err != nil {
			return "", err
		}
		_, err = spv.Attest(b, &b.rules, []string{"A", "B"}, msp, spv.Block{Height: spv.Height(h), Hash: *hash})
		return "", err
	case "orders:Settle":
		return "", b.credit(args[0])
	}
	return "", fmt.Errorf("no function %s", function)
}

func (b *books) headers(doc string) error {
	var list []string
	if err := ledger.Decode([]byte(doc), &list); err != nil {
		return err
	}
	hs, err := spv.ParseHeaders(list)
	if err != nil {
		return err
	}
	change, err := spv.Submit(b, &b.rules, hs, 2_000_000_000)
	if err == nil && change.New == 0 {
		return spv.ErrNothingNew
	}
	return err
}

func (b *books) credit(doc string) error {
	var r order.SettleRequest
	if err := json.Unmarshal([]byte(doc), &r); err != nil {
		return err
	}
	script, err := hex.DecodeString(b.orders[r.Order].Script)
	if err != nil {
		return err
	}
	block, err := spv.ParseHash(r.Block)
	if err != nil {
		return err
	}
	tx, err := spv.ProveFinal(b, spv.Block{Height: r.Height, Hash: block}, &r.Proof)
	if err != nil {
		return err
	}
	outs := payment.OutputsTo(tx.Msg, script)
	if len(outs) == 0 {
		return order.ErrOtherScript
	}
	for _, out := range outs {
		key := ledger.Outpoint(tx.ID.String(), out.Vout)
		if b.credited[key] > 0 {
			return order.ErrKnown
		}
		b.credited[key]++
	}
	return nil
}

// as is the ledger as one partner's oracle sees it; it can be told to die at a call.
type as struct {
	books *books
	msp   string
	die   func(function string, after bool) bool // kill the oracle before or after this call's effect
	kill  context.CancelFunc
}

func (a as) Evaluate(_ context.Context, function string, args ...string) (string, error) {
	return a.books.evaluate(function, args...)
}

func (a as) Submit(_ context.Context, function string, args ...string) (string, error) {
	if a.die != nil && a.die(function, false) {
		a.kill()
		return "", context.Canceled
	}
	answer, err := a.books.submit(a.msp, function, args...)
	if a.die != nil && a.die(function, true) {
		a.kill()
		return "", context.Canceled
	}
	return answer, err
}

func (a as) Events(ctx context.Context, from client.Checkpoint) iter.Seq2[client.Event, error] {
	return func(yield func(client.Event, error) bool) {
		for n := int(from.Block); ; {
			a.books.mu.Lock()
			batch, news := a.books.events[min(n, len(a.books.events)):], a.books.news
			a.books.mu.Unlock()
			for _, e := range batch {
				if n++; !yield(e, nil) {
					return
				}
			}
			select {
			case <-news:
			case <-ctx.Done():
				yield(client.Event{}, ctx.Err())
				return
			}
		}
	}
}

// The store of package spv, on a map.
