// Package signed turns bytes into a verdict: is this answer of the ledger (a license, an order, the recipients' keys)
// signed by peers of enough partners of my own trust bundle (T5-T9)? Machines, browsers, custodians and
// cosigners all decide with this one package, without a network.
//
// It refuses to ask anybody: no network, no TPM, no clock of its own, no Fabric SDK. It refuses every byte that no
// signature covers and that isn't compared with one that is. Signature bytes are malleable by nature: never use a
// file's bytes or hash as an id.
//
// Read [Verifier.Verify] first; its body is the list of checks, in the order that docs/signed.md fixes.
//
// Errors: every verdict is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go. A caller acts on
// them so: [ErrPolicy] means that bundle and file are of different age (fetch the newer bundle, [Bundle.Succeed], or a
// fresh file); [ErrLease] fetch a fresh file; [ErrNonce] somebody replays; everything else is a forgery or a fault:
// don't use the file, and say which check refused.
package signed
