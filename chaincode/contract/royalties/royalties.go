// Package royalties is the contract of royalties: what payees are owed.
//
// Does not judge and writes nothing: orders:Settle books the accruals.
package royalties

import (
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions are the contract's rows of the one table.
func Functions() []state.Function {
	return []state.Function{
		{Name: "royalties:Accruals", Call: state.One(Accruals)},
		{Name: "royalties:Balance", Call: state.One(Balance)},
	}
}

// Accruals lists what a payee is owed, by epoch and order.
func Accruals(t *state.Transaction, payee string) ([]royalty.Accrual, error) {
	return t.Accruals(payee)
}

// Balance adds it up.
func Balance(t *state.Transaction, payee string) (royalty.Balance, error) {
	list, err := t.Accruals(payee)
	return royalty.Total(payee, list), err
}
