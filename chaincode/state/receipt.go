package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
)

// Receipts lists a license's receipts by their count.
func (t *Transaction) Receipts(license string) ([]grant.Receipt, error) {
	if err := ledger.CheckID(license); err != nil {
		return nil, err
	}
	return list[grant.Receipt](t, grant.ReceiptFamily, license)
}

// RecordedUses is the highest count on record where it is not lower than count, else 0. It reads two receipts
// at most: a license has as many as it has uses, and reading them all for each one would end a large license
// early.
func (t *Transaction) RecordedUses(license string, count int64) (int64, error) {
	var last int64
	read := 0
	_, end := grant.ReceiptFamily.Range(license)
	err := t.each(grant.ReceiptKey(license, count), end, func(_ string, value []byte) (bool, error) {
		var r grant.Receipt
		if err := ledger.DecodeCanonical(value, &r); err != nil {
			return false, err
		}
		last, read = r.Count, read+1
		return read < 2, nil
	})
	return last, err
}

// CreateReceipt stores a receipt.
func (t *Transaction) CreateReceipt(r grant.Receipt) error {
	return t.create(grant.ReceiptKey(r.License, r.Count), r, grant.ErrReceiptKnown)
}
