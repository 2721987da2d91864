// Package replay runs the real contracts on a ledger in memory: one transaction in, its result out, as Fabric's peer
// would simulate, validate and apply it. Audit replays blocks through it; tests run on it.
//
// It refuses nothing that the contracts don't: endorsement, signatures and certificates are the peer's to check.
// Reads see the state as it was before the transaction, never the transaction's own writes.
package replay
