// Package offer holds the rules of offers: the terms under which a dataset can be licensed.
//
// Does not look at the dataset: that it is published and the licensor's own is package dataset's rule. How a
// price is divided is package royalty's.
//
// Read offer.go first.
//
// Errors: every rejection is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go; their
// comments say what the caller does.
package offer
