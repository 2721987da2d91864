// Package market is a machine's way to the servers that it asks: the consortium's gateway, the authorization server and
// the manufacturer's registrar.
//
// Does not judge what a server says: signed answers are verified, and fetched bytes compared with their hashes, by the
// packages that asked. A token or a nonce is kept in memory only, and redirects are not followed, because the token would
// go along.
//
// Read gateway.go first: each method is one HTTP call. signin.go gets the access token that those calls carry.
//
// Errors: a server's refusal comes back as a [ledger.Refusal] with the server's own code. Beside those ErrOffline and
// ErrAnswer (ask again later, see [WorthRetry]), ErrWaiting (the time to wait is over; run the same command again),
// ErrIssuer and ErrConfig (mend the configuration).
package market
