// Package license holds the rules of licenses: the right of one machine to use one dataset under terms.
//
// Does not sign: peers do, by endorsing a read (package signed). Grants and receipts are package grant's.
//
// Read license.go first.
//
// Errors: ErrUnknown (no such license: it exists when its order is settled) and ErrOwner (the caller is not
// its buyer).
package license
