// Package replay runs the real contracts on a ledger in memory: one transaction in, its result out, as
// Fabric's peer would simulate, validate and apply it. The audit replays blocks with it, and tests run on it.
//
// Does not check endorsements, signatures or certificates: those are the peer's to check. Reads return the
// state before the transaction, never the transaction's own writes. Read execute.go first.
//
// [ErrConflict] means that something the transaction has read was changed since: run it again.
package replay
