// Package grant holds the one rule by which a grant is made and checked, for contract, custodian and machine
// alike, and the rules of custodians' answers and machines' receipts.
//
// It does not talk to a TPM and does not sign; package tpmpolicy has the formats of what a TPM says. Read
// grant.go first.
//
// Errors: every refusal is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go. What a TPM
// attests is refused by package tpmpolicy's.
package grant
