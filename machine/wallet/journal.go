package wallet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

// entry is one signed payment in the journal, file payments/<order>.json: written before the transaction leaves
// the machine, never changed afterwards.
type entry struct {
	Format string         `json:"format"` // "guildmark/wallet-payment/1"
	Order  string         `json:"order"`
	Script string         `json:"script"` // hex of the output script that is paid
	Amount ledger.Satoshi `json:"amount"`
	TxID   string         `json:"txid"`
	Tx     string         `json:"tx"` // hex, signed, with witness
}

const entryFormat = "guildmark/wallet-payment/1"

func (w *Wallet) journal() string { return filepath.Join(w.dir, "payments") }

func (w *Wallet) entryPath(order string) string { return filepath.Join(w.journal(), order+".json") }

// find reads an order's payment; false when it has none.
func (w *Wallet) find(order string) (entry, *wire.MsgTx, bool, error) {
	raw, err := os.ReadFile(w.entryPath(order))
	if errors.Is(err, fs.ErrNotExist) {
		return entry{}, nil, false, nil
	}
	if err != nil {
		return entry{}, nil, false, fmt.Errorf("read the journal: %w", err)
	}
	e, tx, err := readEntry(raw)
	if err != nil {
		return entry{}, nil, false, fmt.Errorf("read the journal, order %s: %w", order, err)
	}
	return e, tx, true, nil
}

func readEntry(raw []byte) (entry, *wire.MsgTx, error) {
	var e entry
	if err := ledger.DecodeCanonical(raw, &e); err != nil {
		return e, nil, err
	}
	b, err := hex.DecodeString(e.Tx)
	if err != nil {
		return e, nil, err
	}
	tx := wire.NewMsgTx(wire.TxVersion)
	if err := tx.Deserialize(bytes.NewReader(b)); err != nil {
		return e, nil, err
	}
	if tx.TxHash().String() != e.TxID || e.Format != entryFormat {
		return e, nil, errors.New("it names another transaction or format")
	}
	return e, tx, nil
}

// record puts a signed payment into the journal for good.
func (w *Wallet) record(p Payment, tx *wire.MsgTx) error {
	var b bytes.Buffer
	if err := tx.Serialize(&b); err != nil {
		return fmt.Errorf("encode the payment: %w", err)
	}
	return host.Create(w.entryPath(p.Order), ledger.Encode(entry{
		Format: entryFormat, Order: p.Order, Script: hex.EncodeToString(p.Script), Amount: p.Amount,
		TxID: tx.TxHash().String(), Tx: hex.EncodeToString(b.Bytes()),
	}))
}

// spent collects the coins that payments in the journal spend, confirmed or not, and counts the payments.
func (w *Wallet) spent() (map[wire.OutPoint]bool, int, error) {
	files, err := os.ReadDir(w.journal())
	if err != nil {
		return nil, 0, fmt.Errorf("read the journal: %w", err)
	}
	coins, payments := map[wire.OutPoint]bool{}, 0
	for _, f := range files {
		order, ok := strings.CutSuffix(f.Name(), ".json")
		if !ok {
			continue // a file that a crash left half written; it was never sent
		}
		_, tx, found, err := w.find(order)
		if err != nil {
			return nil, 0, err
		}
		if !found {
			continue
		}
		payments++
		for _, in := range tx.TxIn {
			coins[in.PreviousOutPoint] = true
		}
	}
	return coins, payments, nil
}
