// Package grant holds the rules of grants: what a machine's TPM must attest for one.
//
// It does not talk to a TPM and does not sign; package tpmpolicy has the formats of what a TPM says.
package grant
