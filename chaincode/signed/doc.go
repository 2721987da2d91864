// Package signed verifies signed answers of the ledger offline: whether a license, an order or the
// recipients' keys were signed by peers of enough partners of the holder's own trust bundle (T5-T9). It also
// judges which bundle may follow another (T9). Machines, browsers, custodians and cosigners all decide with
// this one package.
//
// Does not use a network, a TPM, a clock of its own or the Fabric SDK. It rejects files with bytes that no
// signature covers, unless they are compared with some that one covers. Signature bytes are malleable by
// nature: never use a file's bytes or hash as an id.
//
// Read verify.go first: run is the list of checks, in the order that chaincode/signed/docs/signed.md fixes.
//
// Errors: every verdict is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go, which say
// what to do. [ErrPolicy]: bundle and file are of different age; fetch the newer bundle ([Bundle.Succeed]) or
// a fresh file. [ErrLease]: fetch a fresh file. [ErrNonce]: the file is a replay. Everything else is a
// forgery or a fault: do not use the file, and report the code.
package signed
