// Package meter counts the uses of a dataset on this machine: it asks for a limit, writes the one that two custodians
// signed, burns one use each time the license share is opened, and shows the count as the TPM attests it.
//
// It refuses to count by itself, to open a share without burning a use, and to leave a share outside locked memory:
// the numbers live in the TPM's PIN index, whose only writers are the custodians' signatures over a fresh nonce.
//
// Read meter.go first, then request.go, apply.go, use.go in the order in which a license lives. The state file is not
// secret and not trusted: put back from an old copy it changes nothing about the count.
//
// Errors: ErrUsedUp (buy more), ErrNoGrant (ask for one), ErrSessionLost (ask again: the TPM was reset or the session
// ended), ErrNotArmed; each wraps the *tpm.Refused with the TPM's own code where the TPM said no.
package meter
