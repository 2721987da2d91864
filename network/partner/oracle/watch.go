package oracle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// watch is the list of all scripts that orders ever had, and the checkpoint up to which the ledger's events
// were processed. It is a file that only grows, one JSON line an order, synced before the order counts as
// watched. Orders are watched after they expired, too: a late payment is credited to its order.
type watch struct {
	file    *os.File
	scripts map[string]string // output script -> order
	at      client.Checkpoint
	skipped int // events since the last line
}

// line is one record of the file; a line without an order only moves the checkpoint.
type line struct {
	Block  uint64 `json:"block"`
	TxID   string `json:"tx"`
	Order  string `json:"order,omitempty"`
	Script string `json:"script,omitempty"` // hex
}

// skipLimit is the number of events without an order after which the checkpoint is written all the same.
const skipLimit = 1000

func openWatch(path string) (*watch, error) {
	w := &watch{scripts: map[string]string{}}
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the watched scripts: %w", err)
	}
	whole := bytes.LastIndexByte(raw, '\n') + 1 // a crash may leave half a line: the event comes again
	for text := range bytes.Lines(raw[:whole]) {
		if err := w.read(text); err != nil {
			return nil, fmt.Errorf("read the watched scripts %s: %w", path, err)
		}
	}
	if w.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, fmt.Errorf("open the watched scripts: %w", err)
	}
	err = w.file.Truncate(int64(whole))
	if err == nil {
		_, err = w.file.Seek(int64(whole), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the watched scripts: %w", err), w.file.Close())
	}
	return w, nil
}

func (w *watch) read(text []byte) error {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	script, err := hex.DecodeString(l.Script)
	if err != nil {
		return err
	}
	if l.Order != "" {
		w.scripts[string(script)] = l.Order
	}
	w.at = client.Checkpoint{Block: l.Block, TxID: l.TxID}
	return nil
}

// placed reads an order out of an event; isNew reports that its script is not watched yet.
func (w *watch) placed(e client.Event) (o order.Order, isNew bool, err error) {
	if e.Name != ledger.EventOrderPlaced {
		return o, false, nil
	}
	if err := json.Unmarshal(e.Payload, &o); err != nil {
		return o, false, fmt.Errorf("read event %s of %s: %w", e.Name, e.TxID, err)
	}
	script, err := hex.DecodeString(o.Script)
	if err != nil {
		return o, false, fmt.Errorf("read event %s of %s: %w", e.Name, e.TxID, err)
	}
	_, known := w.scripts[string(script)]
	return o, !known, nil
}

// take writes an event to the file if it is a new order, and returns the order's script ("" = nothing new).
func (w *watch) take(e client.Event) (string, error) {
	o, isNew, err := w.placed(e)
	if err != nil {
		return "", err
	}
	l := line{Block: e.Block, TxID: e.TxID}
	if !isNew {
		if w.skipped++; w.skipped < skipLimit {
			return "", nil
		}
		return "", w.append(l)
	}
	l.Order, l.Script = o.ID, o.Script
	if err := w.append(l); err != nil {
		return "", err
	}
	script, err := hex.DecodeString(o.Script)
	w.scripts[string(script)] = o.ID
	return string(script), err
}

func (w *watch) append(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode a watched script: %w", err)
	}
	if _, err = w.file.Write(append(text, '\n')); err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write the watched scripts: %w", err)
	}
	w.at, w.skipped = client.Checkpoint{Block: l.Block, TxID: l.TxID}, 0
	return nil
}

func (w *watch) close() error { return w.file.Close() }
