package holding

import (
	"context"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/rules/grant"
)

// ReceiptFormat is the format of a receipt's file.
const ReceiptFormat = "guildmark/kept-receipt/1"

// Receipt is the TPM's statement after a use; licenses/<id>/receipts/<count>.json. It waits for the network
// until it is delivered.
type Receipt struct {
	Format    string               `json:"format"` // "guildmark/kept-receipt/1"
	Request   grant.ReceiptRequest `json:"request"`
	Count     int64                `json:"count"`
	Limit     int64                `json:"limit"`
	Delivered bool                 `json:"delivered"`
}

// Name is the receipt's file name: receipts sort by their count.
func (r Receipt) Name() string { return fmt.Sprintf("%010d.json", r.Count) }

func receipts(id string) string { return File(id, "receipts") }

// KeepReceipt stores a receipt, unless one with its count is there: then nothing was burnt since.
func (s Store) KeepReceipt(id string, r Receipt) error {
	name := receipts(id) + "/" + r.Name()
	if s.Folder.Has(name) {
		return nil
	}
	return s.Folder.Save(name, r)
}

// Waiting names the receipts of a license that were not delivered, in the order of their counts.
func (s Store) Waiting(id string) ([]string, error) {
	names, err := s.Folder.List(receipts(id))
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range names {
		var r Receipt
		if err := s.Folder.Load(receipts(id)+"/"+name, &r); err != nil {
			return nil, err
		}
		if !r.Delivered {
			open = append(open, receipts(id)+"/"+name)
		}
	}
	return open, nil
}

// Deliver sends the receipts of a license in the order of their counts and returns how many it sent. One that
// the ledger has already counts as delivered: the answer to the first time was lost.
func (m *Machine) Deliver(ctx context.Context, id string) (int, error) {
	waiting, err := m.Store.Waiting(id)
	if err != nil {
		return 0, err
	}
	for sent, name := range waiting {
		var r Receipt
		if err := m.Store.Folder.Load(name, &r); err != nil {
			return sent, err
		}
		if err := m.Gateway.RecordReceipt(ctx, r.Request); err != nil && !errors.Is(err, grant.ErrReceiptKnown) {
			return sent, err
		}
		r.Delivered = true
		if err := m.Store.Folder.Save(name, r); err != nil {
			return sent, err
		}
		m.Say("receipt", fmt.Sprintf("delivered use %d of %d", r.Count, r.Limit))
	}
	return len(waiting), nil
}
