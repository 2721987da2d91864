// Package royalty divides an amount among payees: commission, contributors by weight, the residual payee, with
// systematic rounding (T23), and names the accruals that result.
//
// It refuses to lose or gain a satoshi, and knows no storage.
package royalty
