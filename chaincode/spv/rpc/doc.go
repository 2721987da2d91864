// Package rpc talks to a Bitcoin node by JSON-RPC over TLS: blocks, headers, sending a transaction. The
// oracle, the machine's wallet and the auditor use it.
//
// It rejects a credentials file that others can read, every certificate but the node's own, and an answer
// that is too long, is not JSON-RPC, or is a block with another hash than the one asked for. Does not judge
// headers or proofs: that is package spv's. Does not repeat a call: callers ask again, each at its own pace.
//
// Read node.go first. Only btcd was tested; calls that Bitcoin Core lacks have a fallback but for
// [Node.Generate].
//
// Errors that callers act on:
//
//   - [ErrNode]: the node does not answer, or not as a node does. Ask again later.
//   - [*Error]: the node answered, with an error of its own.
//   - [ErrRejected]: the node does not take the transaction. It stays rejected until something changes.
//   - [ErrNetwork]: the node is on another Bitcoin network than configured. Mend the configuration.
//   - host.ErrExposed: others can read the credentials. Run the chmod that the error names.
package rpc
