// Package machine holds the rules of a machine's ledger record: its TPM identity as the registrar saw it, and
// the documents by which a machine is activated and enrolled (T14).
//
// Does not activate credentials: registrar and custodians do. Does not judge public areas: package signed
// imports this one and must not link go-tpm, so package grant does.
//
// Read machine.go first.
//
// Errors: every rejection is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go; their
// comments say what the caller does. ErrShard: draw another shard. ErrKnown: compare the record that stands.
package machine
