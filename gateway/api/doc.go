// Package api is the gateway's REST interface: it checks who asks and what they ask, and passes it on to
// ledger, read model, content store and custodians. Read openapi.yaml first, then routes.go.
//
// Does not need to be trusted: it holds no key that mints, decrypts or moves money, only the buyers' weak
// ledger identities (T2). Its clients can check everything about money and rights without it.
//
// Every error leaves as a problem document (package problem). Refusals of the gateway itself are in
// problem.go, those of tokens in package bearer; all others are the ledger's.
package api

import (
	"context"
	_ "embed"
)

// document is the contract; the routes are tested against it one by one.
//
//go:embed openapi.yaml
var document []byte

// Ledger is the ledger as one identity reaches it. Where the ledger rejects a call, the error holds its
// *ledger.Refusal.
type Ledger interface {
	// Evaluate reads from one peer and changes nothing.
	Evaluate(ctx context.Context, function string, args ...string) ([]byte, error)
	// Submit changes the ledger and returns when the transaction is committed.
	Submit(ctx context.Context, function string, args ...string) ([]byte, error)
	// Sign collects endorsements of a read-only function by a quorum, asking other partners when some fail,
	// and returns the signed file.
	Sign(ctx context.Context, by Quorum, function string, args ...string) ([]byte, error)
}
