// Package party holds the rules about callers (T1, T2): the roles, which MSPs may grant them, parties and the
// keys that they pin.
//
// Does not read certificates: a caller comes in as the facts that its certificate states. Does not know the
// functions that a role may call: the contracts' table names them.
//
// Read caller.go first.
//
// Errors: every rejection is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go; their
// comments say what the caller does. ErrForeignRole can also come from a peer that lags behind a new
// configuration: ask one that has its block.
package party
