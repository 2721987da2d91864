package wallet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/btcutil/v2/txsort"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/btcsuite/btcwallet/wallet/txauthor"
	"github.com/btcsuite/btcwallet/wallet/txrules"
	"github.com/btcsuite/btcwallet/wallet/txsizes"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Rate is a fee rate in satoshi for each virtual byte.
type Rate int64

// Default and highest fee rates: the first is what nodes relay everywhere, the second five times the worst days
// that mainnet had until now would still be a mistake for a payment of a few thousand satoshi.
const (
	DefaultRate Rate = 2
	MaxRate     Rate = 500
)

// Coin is a confirmed output that can be spent now.
type Coin struct {
	At     wire.OutPoint
	Amount ledger.Satoshi
	Script []byte
}

// Chain is what the wallet asks a node.
type Chain interface {
	// Coins are the confirmed, ripe and unspent outputs of the scripts.
	Coins(ctx context.Context, scripts [][]byte) ([]Coin, error)
	// Send broadcasts; a node that has the transaction already is as good.
	Send(ctx context.Context, tx *wire.MsgTx) error
}

// Payment is what an order asks for.
type Payment struct {
	Order  string // id, 64 hex digits
	Script []byte // output script, derived by the caller from the bundle's descriptor (T21)
	Amount ledger.Satoshi
	Rate   Rate           // 0 = DefaultRate
	MaxFee ledger.Satoshi // refuse to pay more in fees; 0 = no cap but MaxRate
}

// Pay pays an order: find earlier payment -> select coins -> sign -> journal -> broadcast. Called again for the
// same order, after whatever crash, it broadcasts the very same transaction.
func (w *Wallet) Pay(ctx context.Context, chain Chain, p Payment) (chainhash.Hash, error) {
	w.paying.Lock()
	defer w.paying.Unlock()
	if err := p.check(); err != nil {
		return chainhash.Hash{}, err
	}
	earlier, tx, found, err := w.find(p.Order)
	if err != nil {
		return chainhash.Hash{}, err
	}
	if found && (earlier.Script != hex.EncodeToString(p.Script) || earlier.Amount != p.Amount) {
		return chainhash.Hash{}, ErrOtherPayment.With("transaction " + earlier.TxID)
	}
	if !found {
		if tx, err = w.sign(ctx, chain, p); err != nil {
			return chainhash.Hash{}, err
		}
		if err := w.record(p, tx); err != nil {
			return chainhash.Hash{}, err
		}
	}
	if err := chain.Send(ctx, tx); err != nil {
		return chainhash.Hash{}, nodeFailed("broadcast the payment", err)
	}
	return tx.TxHash(), nil
}

// nodeError is ErrNode with its cause.
type nodeError struct {
	refusal *ledger.Refusal
	cause   error
}

func nodeFailed(step string, err error) error {
	return &nodeError{refusal: ErrNode.With(step + ": " + err.Error()), cause: err}
}

// Error is the refusal's, which names the cause.
func (e *nodeError) Error() string { return e.refusal.Error() }

// Unwrap is the refusal and the cause.
func (e *nodeError) Unwrap() []error { return []error{e.refusal, e.cause} }

func (p *Payment) check() error {
	if p.Rate == 0 {
		p.Rate = DefaultRate
	}
	if err := ledger.CheckID(p.Order); err != nil {
		return err
	}
	out := wire.NewTxOut(int64(p.Amount), p.Script)
	switch {
	case p.Amount <= 0, !p.Amount.Valid(), len(p.Script) == 0:
		return ErrAmount.With(p.Amount.String())
	case txrules.IsDustOutput(out, txrules.DefaultRelayFeePerKb):
		return ErrAmount.With(p.Amount.String() + " is dust, no node relays it")
	case p.Rate < 1, p.Rate > MaxRate:
		return ErrFee.With(fmt.Sprintf("%d sat/vB, at most %d", p.Rate, MaxRate))
	}
	return nil
}

// Balance is what the wallet could spend now, before fees.
func (w *Wallet) Balance(ctx context.Context, chain Chain) (ledger.Satoshi, error) {
	coins, _, _, err := w.coins(ctx, chain)
	return total(coins), err
}

func total(coins []Coin) (sum ledger.Satoshi) {
	for _, c := range coins {
		sum += c.Amount
	}
	return sum
}

// coins are the wallet's coins that no payment in the journal spends, largest first, and where their keys are.
func (w *Wallet) coins(ctx context.Context, chain Chain) ([]Coin, map[string]place, int, error) {
	spent, payments, err := w.spent()
	if err != nil {
		return nil, nil, 0, err
	}
	places, scripts, err := w.places(payments)
	if err != nil {
		return nil, nil, 0, err
	}
	all, err := chain.Coins(ctx, scripts)
	if err != nil {
		return nil, nil, 0, nodeFailed("look for coins", err)
	}
	coins := slices.DeleteFunc(slices.Clone(all), func(c Coin) bool {
		_, ours := places[string(c.Script)]
		return spent[c.At] || !ours || !c.Amount.Valid()
	})
	slices.SortFunc(coins, func(a, b Coin) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), bytes.Compare(a.At.Hash[:], b.At.Hash[:]),
			cmp.Compare(a.At.Index, b.At.Index))
	})
	return coins, places, payments, nil
}

// sign composes and signs the payment: inputs and outputs in BIP-69 order, change to a fresh address.
func (w *Wallet) sign(ctx context.Context, chain Chain, p Payment) (*wire.MsgTx, error) {
	coins, places, payments, err := w.coins(ctx, chain)
	if err != nil {
		return nil, err
	}
	authored, err := txauthor.NewUnsignedTransaction(
		[]*wire.TxOut{wire.NewTxOut(int64(p.Amount), p.Script)}, btcutil.Amount(p.Rate)*1000, source(coins),
		&txauthor.ChangeSource{ScriptSize: txsizes.P2WPKHPkScriptSize, NewScript: func() ([]byte, error) {
			script, _, err := w.script(place{change, uint32(payments)}) //nolint:gosec // G115: files in a folder
			return script, err
		}},
	)
	if _, short := errors.AsType[txauthor.InputSourceError](err); short {
		return nil, ErrFunds.With(fmt.Sprintf("%d coins of %s in all, to pay %s and the fee", len(coins),
			total(coins), p.Amount))
	}
	if err != nil {
		return nil, fmt.Errorf("compose the payment: %w", err)
	}
	tx := authored.Tx
	fee := ledger.Satoshi(authored.TotalInput - txauthor.SumOutputValues(tx.TxOut))
	if p.MaxFee > 0 && fee > p.MaxFee {
		return nil, ErrFee.With(fmt.Sprintf("%s, at most %s", fee, p.MaxFee))
	}
	txsort.InPlaceSort(tx)
	return tx, w.witness(tx, coins, places)
}

// source hands txauthor as many coins as it asks for.
func source(coins []Coin) txauthor.InputSource {
	return func(least btcutil.Amount) (sum btcutil.Amount, ins []*wire.TxIn, amounts []btcutil.Amount,
		scripts [][]byte, err error,
	) {
		for _, c := range coins {
			if sum >= least {
				break
			}
			sum += btcutil.Amount(c.Amount)
			ins = append(ins, wire.NewTxIn(&c.At, nil, nil))
			amounts = append(amounts, btcutil.Amount(c.Amount))
			scripts = append(scripts, c.Script)
		}
		return sum, ins, amounts, scripts, nil
	}
}

// witness signs every input and lets the script engine check each signature.
func (w *Wallet) witness(tx *wire.MsgTx, coins []Coin, places map[string]place) error {
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	for _, c := range coins {
		fetcher.AddPrevOut(c.At, wire.NewTxOut(int64(c.Amount), c.Script))
	}
	hashes := txscript.NewTxSigHashes(tx, fetcher)
	for i, in := range tx.TxIn {
		from := fetcher.FetchPrevOutput(in.PreviousOutPoint)
		extended, err := w.key(places[string(from.PkScript)])
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		key, err := extended.ECPrivKey()
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		in.Witness, err = txscript.WitnessSignature(tx, hashes, i, from.Value, from.PkScript,
			txscript.SigHashAll, key, true)
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		vm, err := txscript.NewEngine(from.PkScript, tx, i, txscript.StandardVerifyFlags, nil, hashes,
			from.Value, fetcher)
		if err == nil {
			err = vm.Execute()
		}
		if err != nil {
			return fmt.Errorf("check the signature of input %d: %w", i, err)
		}
	}
	return nil
}
