package contract

import (
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
)

// RecordReceipt records how many uses a machine's TPM attests.
func (c *Licenses) RecordReceipt(t *Transaction, document string) (string, error) {
	return answer(c.recordReceipt(t, document))
}

func (c *Licenses) recordReceipt(t *Transaction, document string) (grant.Receipt, error) {
	var r grant.ReceiptRequest
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return grant.Receipt{}, err
	}
	l, m, err := t.holds(r.License)
	if err != nil {
		return grant.Receipt{}, err
	}
	g, err := newestGrant(t, l.ID)
	if err != nil {
		return grant.Receipt{}, err
	}
	uses, err := grant.Uses(r, g, m)
	if err != nil {
		return grant.Receipt{}, err
	}
	last, err := recordedUses(t, g.License, int64(uses.Count))
	if err != nil {
		return grant.Receipt{}, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return grant.Receipt{}, err
	}
	receipt, err := grant.NewReceipt(r, g, uses, last, epoch)
	if err != nil {
		return grant.Receipt{}, err
	}
	if err := t.create(grant.ReceiptKey(g.License, receipt.Count), receipt, grant.ErrReceiptKnown); err != nil {
		return grant.Receipt{}, err
	}
	return receipt, t.event(ledger.EventReceipt, receipt)
}

// recordedUses is the highest count on record where it is not lower than count, else 0. It looks at two receipts at
// most: a license has as many as it has uses, and reading them all for each one would end a large license early.
func recordedUses(t *Transaction, id string, count int64) (last int64, err error) {
	_, end := grant.ReceiptFamily.Range(id)
	it, err := t.GetStub().GetStateByRange(grant.ReceiptKey(id, count), end)
	if err != nil {
		return 0, fmt.Errorf("range over receipts: %w", err)
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for i := 0; i < 2 && it.HasNext(); i++ {
		kv, err := it.Next()
		if err != nil {
			return 0, fmt.Errorf("read the next receipt: %w", err)
		}
		var r grant.Receipt
		if err := ledger.DecodeCanonical(kv.GetValue(), &r); err != nil {
			return 0, err
		}
		last = r.Count
	}
	return last, nil
}

// Receipts lists a license's receipts by their count.
func (c *Licenses) Receipts(t *Transaction, id string) (string, error) {
	if err := ledger.CheckID(id); err != nil {
		return answer(nil, err)
	}
	return answer(receipts(t, id))
}

func receipts(t *Transaction, id string) ([]grant.Receipt, error) {
	list := []grant.Receipt{}
	err := t.each(func(_ string, value []byte) error {
		var r grant.Receipt
		if err := ledger.DecodeCanonical(value, &r); err != nil {
			return err
		}
		list = append(list, r)
		return nil
	}, grant.ReceiptFamily, id)
	return list, err
}
