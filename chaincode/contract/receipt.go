package contract

import (
	"encoding/hex"

	"guildmark/chaincode/ledger"
	"guildmark/chaincode/license"
	"guildmark/chaincode/tpmpolicy"
)

// RecordReceipt records how many uses a machine's TPM attests.
func (c *Licenses) RecordReceipt(t *Transaction, document string) (string, error) {
	return answer(c.recordReceipt(t, document))
}

func (c *Licenses) recordReceipt(t *Transaction, document string) (license.Receipt, error) {
	var r license.ReceiptRequest
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return license.Receipt{}, err
	}
	if ledger.CheckID(r.Job) != nil {
		return license.Receipt{}, license.ErrReceiptJob.With(r.Job)
	}
	g, pin, err := attestedUses(t, r)
	if err != nil {
		return license.Receipt{}, err
	}
	list, err := receipts(t, g.License)
	if err != nil {
		return license.Receipt{}, err
	}
	last := int64(0)
	if len(list) > 0 {
		last = list[len(list)-1].Count
	}
	if err := license.CheckReceipt(&g, int64(pin.Count), int64(pin.Limit), last); err != nil {
		return license.Receipt{}, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return license.Receipt{}, err
	}
	receipt := license.Receipt{
		License: g.License, Count: int64(pin.Count), Limit: int64(pin.Limit), Job: r.Job, Attestation: r.Attestation, Epoch: epoch,
	}
	if err := t.create(ledger.ReceiptKey(g.License, receipt.Count), receipt, license.ErrReceiptKnown); err != nil {
		return license.Receipt{}, err
	}
	return receipt, t.event(ledger.EventReceipt, receipt)
}

// attestedUses checks the attestation of the meter that the license's newest grant wrote.
func attestedUses(t *Transaction, r license.ReceiptRequest) (license.Grant, tpmpolicy.Pin, error) {
	var pin tpmpolicy.Pin
	l, m, err := t.holds(r.License)
	if err != nil {
		return license.Grant{}, pin, err
	}
	g, err := newestGrant(t, l.ID)
	if err != nil {
		return g, pin, err
	}
	policy, err := hex.DecodeString(g.Policy)
	if err != nil || len(policy) != len(tpmpolicy.Digest{}) {
		return g, pin, license.ErrNoGrant.With("policy")
	}
	index := tpmpolicy.Index{Handle: g.Request.Index, Policy: tpmpolicy.Digest(policy)}
	signer, err := signerOf(m)
	if err != nil {
		return g, pin, err
	}
	a, err := attestationOf(r.Attestation)
	if err != nil {
		return g, pin, err
	}
	extra := tpmpolicy.ReceiptDigest(l.ID, r.Job)
	pin, err = signer.Pin(a, index.Name(true), extra[:])
	return g, pin, err
}

// Receipts lists a license's receipts by their count.
func (c *Licenses) Receipts(t *Transaction, id string) (string, error) {
	if err := ledger.CheckID(id); err != nil {
		return answer(nil, err)
	}
	return answer(receipts(t, id))
}

func receipts(t *Transaction, id string) ([]license.Receipt, error) {
	list := []license.Receipt{}
	err := t.each(func(_ string, value []byte) error {
		var r license.Receipt
		if err := ledger.DecodeCanonical(value, &r); err != nil {
			return err
		}
		list = append(list, r)
		return nil
	}, "receipt", id)
	return list, err
}
