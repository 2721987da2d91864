// Package order holds the rules of orders: placing them, crediting proven payments, their state as a pure
// function of these, and settling.
//
// Does not read a clock or a chain: epoch and final blocks come in as values. How a price is divided is
// package royalty's.
//
// Read place.go first, then settle.go; state.go says when an order is paid.
//
// Errors: every rejection is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go; their
// comments say what the caller does. ErrKnown is not a failure: the transaction is credited.
package order
