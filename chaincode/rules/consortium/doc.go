// Package consortium holds the rules about the consortium's own state: the governed configuration and its
// succession, the ledger's clock and epoch, the recipients of content keys, and which custodians must sign an
// answer.
//
// Does not know sales, and does not judge callers: who may call what is package party's. The rules of a trust
// bundle are package signed's.
//
// Read config.go first, then terms.go (what a configuration must keep) and clock.go.
//
// Errors: every rejection is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go; their
// comments say what the caller does. ErrTickSkew, ErrStale and ErrTransaction depend on the endorser's own
// clock: ask another peer, or again.
package consortium
