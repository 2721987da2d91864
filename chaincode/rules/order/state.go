package order

import "github.com/guildmark/guildmark/chaincode/ledger"

// States of an order.
const (
	Open     = "open"
	Partial  = "partially-paid"
	Paid     = "paid"
	Expired  = "expired"
	Late     = "late"     // money came after expiry: a fact on the ledger, but no license
	Disputed = "disputed" // the block of a payment left the chain: access is frozen
)

// Sum adds the payments up; the total is bounded by what can exist, since every output is proven.
func Sum(payments []Payment) ledger.Satoshi {
	var sum ledger.Satoshi
	for _, p := range payments {
		sum += p.Amount
	}
	return sum
}

// inTime adds up what was credited before the order expired.
func inTime(o Order, payments []Payment) ledger.Satoshi {
	var sum ledger.Satoshi
	for _, p := range payments {
		if p.Epoch < o.Expires {
			sum += p.Amount
		}
	}
	return sum
}

// StateOf is an order's state, a function of facts alone: its payments, which block is final at a height ("" for
// none), and the epoch.
func StateOf(o Order, payments []Payment, final func(height uint32) string, epoch int64) string {
	late := false
	for _, p := range payments {
		if final(p.Height) != p.Block {
			return Disputed
		}
		late = late || p.Epoch >= o.Expires
	}
	switch {
	case inTime(o, payments) >= o.Price:
		return Paid
	case late:
		return Late
	case epoch >= o.Expires:
		return Expired
	case len(payments) > 0:
		return Partial
	}
	return Open
}
