package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
)

// The sizes of the benchmark's payments, in satoshi.
const (
	ripe      = 110 // blocks that are mined first: coins may be spent after 100
	fan       = 2_000
	fee       = 1_000
	fanFee    = 200_000
	coinValue = 2*price + fee
)

// coin is an output of the miner's own that a payment spends.
type coin struct {
	at    wire.OutPoint
	value int64
}

// payable is a machine's next order, paid already: whoever knows the treasury's descriptor knows its script before it
// is placed.
type payable struct {
	number uint32
	script []byte
	height spv.Height
	block  string
	proof  *spv.Proof
	order  string // once it is placed
}

// purse signs for the miner's coins.
type purse struct {
	key    *btcec.PrivateKey
	script []byte
	node   *rpc.Node
	next   spv.Height     // of the coinbase that is fanned out next
	known  chainhash.Hash // newest header that the ledger has
}

// openBitcoin mines ripe coins and brings their headers to the ledger.
func (m *market) openBitcoin(ctx context.Context) error {
	at := m.net.conn.Bitcoin[0]
	node, err := rpc.Open(rpc.Config{
		RPC: at.RPC, Certificate: at.Certificate, Credentials: at.Credentials,
		Network: at.Network,
	})
	if err != nil {
		return err
	}
	m.net.bitcoin = node
	seed, err := os.ReadFile(m.net.faucet)
	if err != nil {
		return err
	}
	m.purse = purse{node: node, next: 1}
	m.purse.key, _ = btcec.PrivKeyFromBytes(seed)
	to, err := address.NewAddressWitnessPubKeyHash(address.Hash160(m.purse.key.PubKey().SerializeCompressed()),
		spv.Params(at.Network))
	if err != nil {
		return err
	}
	if m.purse.script, err = txscript.PayToAddrScript(to); err != nil {
		return err
	}
	start, err := spv.Genesis(at.Network)
	if err != nil {
		return err
	}
	m.purse.known = start.Hash
	if _, err := node.Generate(ctx, ripe); err != nil {
		return err
	}
	if err := m.net.submit(ctx, nil, "operator", "oracle", "bitcoin:Start"); err != nil {
		return err
	}
	return m.relay(ctx)
}

// relay brings new headers to the ledger, as oracles do.
func (m *market) relay(ctx context.Context) error {
	raw, err := m.purse.node.Headers(ctx, m.purse.known, 500)
	if err != nil || len(raw) == 0 {
		return err
	}
	var text []string
	for _, h := range raw {
		text = append(text, hex.EncodeToString(h[:]))
	}
	if err := m.net.submit(ctx, nil, "operator", "oracle", "bitcoin:SubmitHeaders",
		string(ledger.Encode(text))); err != nil {
		return err
	}
	newest := raw[len(raw)-1]
	m.purse.known = chainhash.DoubleHashH(newest[:])
	return nil
}

// finalize lets two partners attest a block that is deep enough, as their oracles do (T22).
func (m *market) finalize(ctx context.Context, h spv.Height, block chainhash.Hash) error {
	for _, partner := range []string{"operator", "manufacturer"} {
		err := m.net.submit(ctx, nil, partner, "oracle", "bitcoin:Attest", strconv.FormatUint(uint64(h), 10),
			block.String())
		if err != nil {
			return err
		}
	}
	return nil
}

// sign completes a transaction that spends one of the purse's coins.
func (p *purse) sign(tx *wire.MsgTx, from coin) error {
	tx.AddTxIn(wire.NewTxIn(&from.at, nil, nil))
	fetcher := txscript.NewCannedPrevOutputFetcher(p.script, from.value)
	witness, err := txscript.WitnessSignature(tx, txscript.NewTxSigHashes(tx, fetcher), 0, from.value, p.script,
		txscript.SigHashAll, p.key, true)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	tx.TxIn[0].Witness = witness
	return nil
}

// fanOut makes many coins of one mined one, and mines them in.
func (m *market) fanOut(ctx context.Context) error {
	hash, ok, err := m.purse.node.HashAt(ctx, m.purse.next)
	if err != nil || !ok {
		return errors.Join(err, fmt.Errorf("no block %d", m.purse.next))
	}
	m.purse.next++
	block, err := m.purse.node.Block(ctx, hash)
	if err != nil {
		return err
	}
	mined := block.Transactions[0]
	from := coin{at: wire.OutPoint{Hash: mined.TxHash()}, value: mined.TxOut[0].Value}
	tx := wire.NewMsgTx(2)
	for range fan {
		tx.AddTxOut(wire.NewTxOut(coinValue, m.purse.script))
	}
	tx.AddTxOut(wire.NewTxOut(from.value-fan*coinValue-fanFee, m.purse.script))
	if err := m.purse.sign(tx, from); err != nil {
		return err
	}
	if err := m.purse.node.Send(ctx, tx); err != nil {
		return err
	}
	if _, err := m.purse.node.Generate(ctx, 1); err != nil {
		return err
	}
	id := tx.TxHash()
	for i := range uint32(fan) {
		m.coins = append(m.coins, coin{at: wire.OutPoint{Hash: id, Index: i}, value: coinValue})
	}
	return nil
}

// pay sends a transaction with two outputs, like most payments, but both to orders.
func (m *market) pay(ctx context.Context, from coin, scripts [2][]byte) (chainhash.Hash, error) {
	tx := wire.NewMsgTx(2)
	for _, s := range scripts {
		tx.AddTxOut(wire.NewTxOut(price, s))
	}
	if err := m.purse.sign(tx, from); err != nil {
		return chainhash.Hash{}, err
	}
	return tx.TxHash(), m.purse.node.Send(ctx, tx)
}
