package wallet

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

// BIP-84, test vectors: mnemonic "abandon ... about", as the seed that BIP-39 makes of it.
func TestBIP84Vectors(t *testing.T) {
	seed, err := hex.DecodeString("5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1" +
		"9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4")
	if err != nil {
		t.Fatal(err)
	}
	account, err := accountOf(seed, &chaincfg.MainNetParams)
	if err != nil {
		t.Fatal(err)
	}
	w := &Wallet{params: &chaincfg.MainNetParams}
	for branch := range w.branches {
		if w.branches[branch], err = account.Derive(uint32(branch)); err != nil {
			t.Fatal(err)
		}
	}
	for p, want := range map[place]string{
		{receive, 0}: "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu",
		{receive, 1}: "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g",
		{change, 0}:  "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el",
	} {
		if _, got, err := w.script(p); got != want || err != nil {
			t.Errorf("%v: got %s %v want %s", p, got, err, want)
		}
	}
	if account.Depth() != 3 || account.ChildIndex() != hdkeychain.HardenedKeyStart {
		t.Errorf("the account is at depth %d index %d", account.Depth(), account.ChildIndex())
	}
}

// ledgerless is a chain in memory that can be told to fail.
type ledgerless struct {
	coins []Coin
	sent  []*wire.MsgTx
	down  error
}

func (l *ledgerless) Coins(context.Context, [][]byte) ([]Coin, error) { return l.coins, nil }

func (l *ledgerless) Send(_ context.Context, tx *wire.MsgTx) error {
	if l.down != nil {
		return l.down
	}
	l.sent = append(l.sent, tx)
	return nil
}

// give adds a coin at the wallet's receiving address.
func (l *ledgerless) give(t *testing.T, w *Wallet, amount ledger.Satoshi) {
	t.Helper()
	script, _, err := w.script(place{receive, 0})
	if err != nil {
		t.Fatal(err)
	}
	n := len(l.coins)
	l.coins = append(l.coins, Coin{wire.OutPoint{Hash: chainhash.Hash{byte(n + 1)}}, amount, script})
}

func openAt(t *testing.T, dir string) *Wallet {
	t.Helper()
	w, err := Open(dir, "regtest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// p2wsh is an output script like an order's.
var p2wsh = append([]byte{txscript.OP_0, 32}, make([]byte, 32)...)

func payment(n string, amount ledger.Satoshi) Payment {
	return Payment{Order: ledger.Hash("test order", n), Script: p2wsh, Amount: amount}
}

func TestPay(t *testing.T) {
	w, chain := openAt(t, t.TempDir()), &ledgerless{}
	for range 5 {
		chain.give(t, w, 3000)
	}
	id, err := w.Pay(t.Context(), chain, payment("a", 7000))
	if err != nil {
		t.Fatal(err)
	}
	tx := chain.sent[0]
	var paid, out int64
	for _, o := range tx.TxOut {
		out += o.Value
		if string(o.PkScript) == string(p2wsh) {
			paid += o.Value
		}
	}
	if id != tx.TxHash() || paid != 7000 || len(tx.TxIn) != 3 {
		t.Fatalf("got %v paying %d from %d coins, want 7000 from 3", id, paid, len(tx.TxIn))
	}
	if fee := 9000 - out; fee < 500 || fee > 900 {
		t.Fatalf("fee %d, want about two satoshi a virtual byte", fee)
	}
	if got, err := w.Balance(t.Context(), chain); err != nil || got != 6000 {
		t.Fatalf("balance: got %s %v want 6000: journaled coins are spent", got, err)
	}
}

func TestPayRefuses(t *testing.T) {
	w, chain := openAt(t, t.TempDir()), &ledgerless{}
	chain.give(t, w, 10_000)
	if _, err := w.Pay(t.Context(), chain, payment("paid", 2000)); err != nil {
		t.Fatal(err)
	}
	chain.give(t, w, 10_000)
	other := payment("paid", 2000)
	other.Script = append([]byte{txscript.OP_0, 32, 1}, make([]byte, 31)...)
	cheap, dear := payment("x", 2000), payment("x", 2000)
	cheap.MaxFee, dear.Rate = 10, MaxRate+1
	tests := []struct {
		name    string
		payment Payment
		wantErr error
	}{
		{"another amount", payment("paid", 2001), ErrOtherPayment},
		{"another script", other, ErrOtherPayment},
		{"too much", payment("x", 50_000), ErrFunds},
		{"all but the fee", payment("x", 10_000), ErrFunds},
		{"zero", payment("x", 0), ErrAmount},
		{"negative", payment("x", -5), ErrAmount},
		{"dust", payment("x", 200), ErrAmount},
		{"overflow", payment("x", ledger.MaxSatoshi+1), ErrAmount},
		{"no script", Payment{Order: ledger.Hash("x"), Amount: 2000}, ErrAmount},
		{"an order that is a path", Payment{Order: "../../seed", Script: p2wsh, Amount: 2000}, ledger.ErrID},
		{"a fee above the caller's cap", cheap, ErrFee},
		{"a rate above ours", dear, ErrFee},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := w.Pay(t.Context(), chain, tt.payment); !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v want %v", err, tt.wantErr)
			}
		})
	}
	if len(chain.sent) != 1 {
		t.Fatalf("%d transactions left the wallet, want 1", len(chain.sent))
	}
}

// A crash at each step of a payment: afterwards the order is paid by exactly one transaction.
func TestPayGoesOnAfterCrash(t *testing.T) {
	dir := t.TempDir()
	w, chain := openAt(t, dir), &ledgerless{down: errors.New("node is down")}
	chain.give(t, w, 10_000)
	if _, err := w.Pay(t.Context(), chain, payment("a", 2000)); !errors.Is(err, chain.down) {
		t.Fatalf("got %v want %v", err, chain.down)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, dir)
	chain.give(t, again, 90_000) // other coins now, which a new payment would take first
	chain.down = nil
	first, err := again.Pay(t.Context(), chain, payment("a", 2000))
	if err != nil {
		t.Fatal(err)
	}
	second, err := again.Pay(t.Context(), chain, payment("a", 2000))
	if err != nil || first != second {
		t.Fatalf("got %v then %v, %v", first, second, err)
	}
	if in := chain.sent[0].TxIn[0].PreviousOutPoint; in != chain.coins[0].At {
		t.Fatalf("paid from %v, want the coin of the journal", in)
	}
	if _, err := again.Pay(t.Context(), chain, payment("b", 2000)); err != nil {
		t.Fatal(err)
	}
	if in := chain.sent[2].TxIn[0].PreviousOutPoint; in != chain.coins[1].At {
		t.Fatalf("another order was paid from %v, a coin already spent", in)
	}
}

// A crash while the journal is written leaves no half entry behind.
func TestJournalInterrupted(t *testing.T) {
	dir := t.TempDir()
	w, chain := openAt(t, dir), &ledgerless{}
	chain.give(t, w, 10_000)
	journal := filepath.Join(dir, "payments")
	if err := os.WriteFile(filepath.Join(journal, ".new-123"), []byte(`{"format":"guild`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Pay(t.Context(), chain, payment("a", 2000)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(journal, payment("a", 0).Order+".json")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), "2000", "2001", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Pay(t.Context(), chain, payment("a", 2000)); !errors.Is(err, ErrOtherPayment) {
		t.Fatalf("a changed journal: got %v want %v", err, ErrOtherPayment)
	}
	if err := os.WriteFile(path, raw[:50], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Pay(t.Context(), chain, payment("b", 2000)); err == nil {
		t.Fatal("paid with a damaged journal, which might have spent the coin")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	w := openAt(t, dir)
	if _, err := Open(dir, "regtest"); !errors.Is(err, ErrBusy) {
		t.Errorf("opened twice: got %v want %v", err, ErrBusy)
	}
	address, err := w.Address(0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Address(gap); err == nil {
		t.Error("an address past the gap limit was given")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, dir)
	if got, err := again.Address(0); got != address || err != nil {
		t.Errorf("after reopening: got %s %v want %s", got, err, address)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "seed"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, "regtest"); !errors.Is(err, host.ErrExposed) {
		t.Errorf("a readable seed: got %v want %v", err, host.ErrExposed)
	}
	if _, err := Open(t.TempDir(), "nonet"); !errors.Is(err, ErrNetwork) {
		t.Errorf("no such network: got %v want %v", err, ErrNetwork)
	}
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte(`{"format":"guildmark/wallet-payment/1","order":"","script":"","amount":1,"txid":"","tx":""}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if e, tx, err := readEntry(raw); err == nil && tx.TxHash().String() != e.TxID {
			t.Fatalf("accepted %s for %s", tx.TxHash(), e.TxID)
		}
	})
}
