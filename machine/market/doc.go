// Package market is a machine's client for three servers: the consortium's gateway, the authorization server,
// and the manufacturer's registrar.
//
// Does not verify the content of an answer: the packages that ask verify signed answers and compare hashes.
// Tokens and nonces are kept in memory only. Redirects are not followed, because the token would be sent
// along.
//
// Read gateway.go first: each method is one HTTP call. signin.go gets the access token that these calls
// carry.
//
// Errors: a server's refusal is returned as a *ledger.Refusal with the server's own code. Others are
// ErrOffline and ErrAnswer (repeat later, see [WorthRetry]), ErrWaiting (the time to wait ended: run the
// command again), ErrIssuer and ErrConfig (correct the configuration).
package market
