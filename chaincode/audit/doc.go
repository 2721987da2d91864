// Package audit reads copied blocks of the ledger and Bitcoin headers, checks every signature, hash and flag in them,
// runs every valid transaction again through the contracts, and gives the books: uses, satoshi, payees.
//
// It refuses to ask the ledger about its state: what it reports follows from the copied bytes alone, and from the
// genesis block, whose hash the auditor compares with a copy of its own.
//
// Read [Replay] first. What it does not show is written in docs/audit.md beside it.
//
// Errors: a [Finding] is a fact about the copy (which block, which transaction, which check); [ErrFolder] means that
// the copy itself can't be read.
package audit
