// Package bitcoin follows a partner's own Bitcoin node: a cursor that survives crashes and reorganizations,
// and a faucet for networks where coins are worth nothing. Package rpc talks to the node.
//
// Does not rely on notifications: it polls. It rejects a faucet on a network where coins are worth something.
//
// Read cursor.go first. Errors that callers act on: [ErrTooDeep] means that the chain forks below what the
// cursor remembers, so start it again from the trusted block; [ErrEmpty] that the faucet needs more blocks;
// and those of package rpc.
package bitcoin
