package bitcoin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/network/partner/keyfile"
)

// ErrEmpty means that the faucet has no mined coin with 100 blocks on top that is large enough. Mine more blocks.
var ErrEmpty = errors.New("the faucet has no coin that is large enough and 100 blocks deep; mine more blocks")

// maturity is how deep a coinbase output must lie to be spent (Bitcoin consensus).
const maturity = 100

// faucetFee is paid by every payment of the faucet; its coins are worth nothing.
const faucetFee ledger.Satoshi = 1000

// dust is the least that nodes relay in a P2WPKH output.
const dust ledger.Satoshi = 294

// Faucet owns the coins that a regtest or simnet node mines. Its address is known before the node runs, since
// the node's configuration names it.
type Faucet struct {
	key     *btcec.PrivateKey
	network string
	script  []byte
	address string
}

// OpenFaucet reads the faucet's key, 32 bytes in a private file. Where there is no file it makes a key.
func OpenFaucet(path, network string) (*Faucet, error) {
	if network != "regtest" && network != "simnet" {
		return nil, fmt.Errorf("a faucet: %w: only regtest and simnet mine without work, this is %s",
			rpc.ErrNetwork, network)
	}
	seed, err := keyfile.Seed(path, btcec.PrivKeyBytesLen)
	if err != nil {
		return nil, fmt.Errorf("the faucet's key: %w", err)
	}
	f := &Faucet{network: network}
	f.key, _ = btcec.PrivKeyFromBytes(seed)
	hash := address.Hash160(f.key.PubKey().SerializeCompressed())
	to, err := address.NewAddressWitnessPubKeyHash(hash, spv.Params(network))
	if err != nil {
		return nil, fmt.Errorf("the faucet's address: %w", err)
	}
	if f.script, err = txscript.PayToAddrScript(to); err != nil {
		return nil, fmt.Errorf("the faucet's script: %w", err)
	}
	f.address = to.EncodeAddress()
	return f, nil
}

// Address is the address that the node's mined blocks must pay.
func (f *Faucet) Address() string { return f.address }

// Pay sends coins to a script and does not wait for a block. It returns ErrEmpty when no coin can be spent.
func (f *Faucet) Pay(ctx context.Context, n *rpc.Node, script []byte, amount ledger.Satoshi) (chainhash.Hash, error) {
	if amount < dust || !amount.Valid() {
		return chainhash.Hash{}, fmt.Errorf(
			"pay %s: expected at least the 294 sat that nodes relay and at most the coins that exist", amount)
	}
	from, have, err := f.coin(ctx, n, amount+faucetFee)
	if err != nil {
		return chainhash.Hash{}, err
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(wire.NewTxIn(&from, nil, nil))
	tx.AddTxOut(wire.NewTxOut(int64(amount), script))
	if change := have - amount - faucetFee; change >= dust {
		tx.AddTxOut(wire.NewTxOut(int64(change), f.script))
	}
	fetcher := txscript.NewCannedPrevOutputFetcher(f.script, int64(have))
	witness, err := txscript.WitnessSignature(tx, txscript.NewTxSigHashes(tx, fetcher), 0, int64(have), f.script,
		txscript.SigHashAll, f.key, true)
	if err != nil {
		return chainhash.Hash{}, fmt.Errorf("sign: %w", err)
	}
	tx.TxIn[0].Witness = witness
	return tx.TxHash(), n.Send(ctx, tx)
}

// coin finds the faucet's oldest coinbase output that may be spent and that no transaction spends, waiting
// ones included.
func (f *Faucet) coin(ctx context.Context, n *rpc.Node, least ledger.Satoshi) (wire.OutPoint, ledger.Satoshi, error) {
	best, err := n.Best(ctx)
	if err != nil {
		return wire.OutPoint{}, 0, err
	}
	for h := spv.Height(1); h+maturity <= best+1; h++ {
		hash, ok, err := n.HashAt(ctx, h)
		if err != nil || !ok {
			return wire.OutPoint{}, 0, errors.Join(err, ErrEmpty)
		}
		block, err := n.Block(ctx, hash)
		if err != nil {
			return wire.OutPoint{}, 0, err
		}
		for i, out := range block.Transactions[0].TxOut {
			if string(out.PkScript) != string(f.script) || ledger.Satoshi(out.Value) < least {
				continue
			}
			at := wire.OutPoint{Hash: block.Transactions[0].TxHash(), Index: uint32(i)}
			if free, err := unspent(ctx, n, at); err != nil || free {
				return at, ledger.Satoshi(out.Value), err
			}
		}
	}
	return wire.OutPoint{}, 0, ErrEmpty
}

// unspent reports whether an output is there and no waiting transaction spends it. btcd's gettxout looks for
// outputs in waiting transactions, not for spends by them, so both are asked.
func unspent(ctx context.Context, n *rpc.Node, at wire.OutPoint) (bool, error) {
	var out json.RawMessage
	if err := n.Call(ctx, "gettxout", &out, at.Hash.String(), at.Index, true); err != nil || string(out) == "null" {
		return false, err
	}
	var spent []struct {
		By string `json:"spendingtxid"`
	}
	asked := []map[string]any{{"txid": at.Hash.String(), "vout": at.Index}}
	err := n.Call(ctx, "gettxspendingprevout", &spent, asked)
	return err == nil && len(spent) == 1 && spent[0].By == "", err
}
