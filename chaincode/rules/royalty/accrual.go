package royalty

import "github.com/guildmark/guildmark/chaincode/ledger"

// Accrual is what one settlement owes one payee; key acc/<payee>/<epoch>/<order>/<item>, create-only.
type Accrual struct {
	Payee  string         `json:"payee"`
	Epoch  int64          `json:"epoch"`
	Order  string         `json:"order"`
	Item   int            `json:"item"`
	Role   string         `json:"role"` // commission, contributor, residual
	Amount ledger.Satoshi `json:"amount"`
	Height uint32         `json:"height"` // Bitcoin block of the payment that settled
	Block  string         `json:"block"`
}

// Balance is what a payee is owed in all, from how many accruals.
type Balance struct {
	Payee  string         `json:"payee"`
	Amount ledger.Satoshi `json:"amount"`
	Count  int            `json:"count"`
}

// Total adds up what a payee is owed.
func Total(payee string, accruals []Accrual) Balance {
	b := Balance{Payee: payee, Count: len(accruals)}
	for _, a := range accruals {
		b.Amount += a.Amount
	}
	return b
}
