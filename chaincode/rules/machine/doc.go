// Package machine holds the rules of a machine's ledger record: its TPM identity as the registrar saw it.
//
// It refuses to activate credentials: registrar and custodians do (T14).
package machine
