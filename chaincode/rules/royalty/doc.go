// Package royalty divides a price among payees: commission, contributors by weight, the residual payee, with
// systematic rounding (T23), and names the accruals that result. The parts always sum to the price.
//
// Does not read or write accruals: the contract stores what order.Settle returns.
//
// Read terms.go first, then split.go.
//
// Errors: every rejection is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go. [Check]
// finds all of them when an offer is made, so that no sale fails on its terms.
package royalty
