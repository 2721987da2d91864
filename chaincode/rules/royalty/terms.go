// Package royalty divides an amount among payees: commission, contributors by weight, the residual payee, with
// systematic rounding (T23), and names the accruals that result.
//
// It refuses to lose or gain a satoshi, and knows no storage.
package royalty

import "github.com/guildmark/guildmark/chaincode/ledger"

// Rate is a fraction in parts per hundred million.
type Rate int64

// Whole is the rate that takes everything.
const Whole Rate = 100_000_000

// Terms is how a price is split; it is copied into the order, so a later change rewrites nothing.
type Terms struct {
	Commission   Commission    `json:"commission"`
	Contributors []Contributor `json:"contributors"`
	Residual     string        `json:"residual"` // party id that gets what no other rule gives; "" when contributors take all
}

// Commission is clamp(G x Rate, Min, Max) to Payee.
type Commission struct {
	Rate  Rate           `json:"rate"`
	Min   ledger.Satoshi `json:"min"`
	Max   ledger.Satoshi `json:"max"`
	Payee string         `json:"payee"`
}

// Contributor gets a part of what the commission leaves, by weight.
type Contributor struct {
	Payee  string `json:"payee"`
	Weight int64  `json:"weight"`
}

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
