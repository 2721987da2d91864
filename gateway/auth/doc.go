// Package auth is the authorization server. A machine proves its identity with a key in its TPM (RFC 7523
// assertion, ES256) and gets an access token for the gateway: a JWT, ES256, five minutes.
//
// It rejects client secrets, every other grant type, assertions that were used before, keys that the ledger
// does not record for the machine, and unknown scopes. Does not keep clients of its own: machines are
// registered on the ledger.
//
// Read server.go first. Errors follow RFC 6749: invalid_client (401) for a machine or assertion that is not
// accepted, server_error (503) while the ledger does not answer: try again.
package auth
