package contract

import (
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Royalties are what payees are owed.
type Royalties struct{ contractapi.Contract }

// Accruals lists what a payee is owed, by epoch and order.
func (c *Royalties) Accruals(t *Transaction, payee string) (string, error) {
	return answer(accruals(t, payee))
}

// Balance adds it up.
func (c *Royalties) Balance(t *Transaction, payee string) (string, error) {
	return answer(c.balance(t, payee))
}

func (c *Royalties) balance(t *Transaction, payee string) (royalty.Balance, error) {
	list, err := accruals(t, payee)
	b := royalty.Balance{Payee: payee, Count: len(list)}
	for _, a := range list {
		b.Amount += a.Amount
	}
	return b, err
}

func accruals(t *Transaction, payee string) ([]royalty.Accrual, error) {
	list := []royalty.Accrual{}
	if !ledger.IsParty(payee) {
		return list, party.ErrUnknown.With(payee)
	}
	err := t.each(func(_ string, value []byte) error {
		var a royalty.Accrual
		if err := ledger.DecodeCanonical(value, &a); err != nil {
			return err
		}
		list = append(list, a)
		return nil
	}, royalty.AccrualFamily, payee)
	return list, err
}
