// Package api is the gateway's REST interface: it checks who asks and what they ask, and passes it on to ledger, read
// model, content store and custodians. Read openapi.yaml first, then routes.go.
//
// It refuses to be trusted: it holds no key that mints, decrypts or moves money, only the buyers' weak ledger
// identities (T2), and everything about money and rights that it hands out can be checked without it.
package api

import (
	"context"
	_ "embed"
)

// document is the contract; the routes are tested against it one by one.
//
//go:embed openapi.yaml
var document []byte

// Ledger is what the gateway asks of the ledger under one identity. Errors carry a *ledger.Refusal where the ledger
// refused.
type Ledger interface {
	// Evaluate reads from one peer.
	Evaluate(ctx context.Context, function string, args ...string) ([]byte, error)
	// Submit writes, and returns when the transaction is committed.
	Submit(ctx context.Context, function string, args ...string) ([]byte, error)
	// Sign collects endorsements of a read-only function by a quorum, asking other partners when some fail, and returns
	// the signed file.
	Sign(ctx context.Context, by Quorum, function string, args ...string) ([]byte, error)
}
