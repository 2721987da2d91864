package order

import (
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

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

// StateOf is an order's state, a function of facts alone: what is credited to it, and the epoch.
func StateOf(o Order, c Credits, epoch int64) string {
	switch {
	case c.Disputed():
		return Disputed
	case inTime(o, c.Payments) >= o.Price:
		return Paid
	case slices.ContainsFunc(c.Payments, func(p Payment) bool { return p.Epoch >= o.Expires }):
		return Late
	case epoch >= o.Expires:
		return Expired
	case len(c.Payments) > 0:
		return Partial
	}
	return Open
}

// ViewOf is an order with its state. The state is computed at each read, from what is credited and what is
// final.
func ViewOf(o Order, c Credits, licenses []string, epoch int64) View {
	return View{
		Order: o, State: StateOf(o, c, epoch), Paid: Sum(c.Payments), Payments: c.Payments,
		Licenses: licenses,
	}
}
