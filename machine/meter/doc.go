// Package meter counts the uses of a dataset on this machine. It asks for a limit, writes the limit that two
// custodians signed into the TPM, burns one use each time the license share is opened, and gives the count
// as the TPM attests it.
//
// Does not keep the count itself: the count is in a PIN index of the TPM, which can only be written with the
// custodians' signatures over a fresh nonce. It opens no share without consuming a use, and holds an opened
// share in locked memory.
//
// Read meter.go first, then request.go, apply.go and use.go, in the order of a license's life. The state file
// is neither secret nor trusted: restoring an old copy does not change the count.
//
// Errors: ErrUsedUp (buy more), ErrNoGrant (ask for a grant), ErrSessionLost (ask again: the TPM was reset or
// the session ended), ErrNotArmed (apply the grant again). Each wraps the *tpm.Refused if the TPM rejected a
// command.
package meter
