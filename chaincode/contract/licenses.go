package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// Licenses are what machines hold, the grants that put their uses into a TPM, and the receipts that come back.
type Licenses struct {
	contractapi.Contract
	clock Clock
}

// Get reads a license.
func (c *Licenses) Get(t *Transaction, id string) (string, error) { return answer(loadLicense(t, id)) }

func loadLicense(t *Transaction, id string) (license.License, error) {
	var l license.License
	if err := ledger.CheckID(id); err != nil {
		return l, err
	}
	return l, t.need(license.Key(id), &l, license.ErrUnknown)
}

// OfMachine lists the licenses that a machine holds, by id.
func (c *Licenses) OfMachine(t *Transaction, id string) (string, error) {
	return answer(c.ofMachine(t, id))
}

func (c *Licenses) ofMachine(t *Transaction, id string) ([]license.License, error) {
	list := []license.License{}
	if _, err := loadMachine(t, id); err != nil {
		return list, err
	}
	err := t.each(func(key string, _ []byte) error {
		held, err := license.ParseHeldKey(key)
		if err != nil {
			return err
		}
		l, err := loadLicense(t, held)
		list = append(list, l)
		return err
	}, license.HeldFamily, id)
	return list, err
}

// Sign signs a license with its machine, its state and what paid for it: what a machine checks offline.
func (c *Licenses) Sign(t *Transaction, id, nonce string) (string, error) {
	return answer(c.sign(t, id, nonce))
}

func (c *Licenses) sign(t *Transaction, id, nonce string) (signed.Answer, error) {
	l, err := loadLicense(t, id)
	if err != nil {
		return signed.Answer{}, err
	}
	body := signed.LicenseBody{License: l, State: signed.StateActive, Paid: []signed.Paid{}}
	if err := t.need(machine.Key(l.Machine), &body.Machine, machine.ErrUnknown); err != nil {
		return signed.Answer{}, err
	}
	paid, err := payments(t, l.Order)
	if err != nil {
		return signed.Answer{}, err
	}
	for _, p := range paid {
		body.Paid = append(body.Paid, signed.Paid{TxID: p.TxID, Vout: p.Vout, Amount: p.Amount, Height: p.Height, Block: p.Block})
	}
	disputed, err := isDisputed(t, paid)
	if err != nil {
		return signed.Answer{}, err
	}
	if disputed {
		body.State = signed.StateSuspended
	}
	return t.sign(c.clock, signing{
		tag: signed.TagLicense, function: signed.FunctionLicense, subject: id, nonce: nonce, body: body,
		lease: t.config.Limits.LeaseSeconds,
	})
}

// isDisputed reports whether the block of a payment is not the final one of its height any more.
func isDisputed(t *Transaction, paid []order.Payment) (bool, error) {
	final, err := finals(t, paid)
	if err != nil {
		return false, err
	}
	for _, p := range paid {
		if final[p.Height] != p.Block {
			return true, nil
		}
	}
	return false, nil
}

// holds loads a license that belongs to the calling buyer, and its machine.
func (t *Transaction) holds(id string) (license.License, machine.Machine, error) {
	var m machine.Machine
	l, err := loadLicense(t, id)
	if err != nil {
		return l, m, err
	}
	if l.Buyer != t.caller.Party {
		return l, m, license.ErrOwner.With(t.caller.Party)
	}
	return l, m, t.need(machine.Key(l.Machine), &m, machine.ErrUnknown)
}
