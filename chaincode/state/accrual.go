package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Accruals lists what a payee is owed, by epoch and order.
func (t *Transaction) Accruals(payee string) ([]royalty.Accrual, error) {
	if !ledger.IsParty(payee) {
		return nil, party.ErrUnknown.With(payee)
	}
	return list[royalty.Accrual](t, royalty.AccrualFamily, payee)
}

func (t *Transaction) putAccrual(a royalty.Accrual) error {
	return t.put(royalty.AccrualKey(a.Payee, a.Epoch, a.Order, a.Item, a.Role), a)
}
