// Package auth is the authorization server: machines prove themselves with a key in their TPM (RFC 7523 assertion,
// ES256) and get access tokens for the gateway (JWT, ES256, five minutes). Read server.go first.
//
// It refuses secrets, every other grant, assertions used before, keys that the ledger doesn't record for the machine,
// and scopes it doesn't know. It keeps no clients of its own: machines stand on the ledger.
package auth
