// Package grant holds the rules of grants: when one may be recorded, what custodians answer, what receipts add up to.
//
// It does not talk to a TPM and does not sign; package tpmpolicy has the formats of what a TPM says.
package grant
