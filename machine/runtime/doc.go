// Package runtime runs one job of a machine in a process of its own, the only one that sees shares, content
// key and plaintext. It verifies the signed license again, burns one use in the TPM, opens the sealed body
// into the device a package at a time, and ends.
//
// Does not write a share, a key or a byte of plaintext to its output, its errors or a file. It does not start
// where its memory could leak: it needs locked memory, no core dumps, and no network interface. Root in the
// same running system can still read its memory (chaincode/docs/threat-model.md).
//
// Read run.go first: production.run is the list of steps. Every check comes before the step that burns the use;
// a fault after that step loses the use.
//
// Errors: each is a *ledger.Refusal with the code of the failed check (signed.*, license.*, sealed.*,
// device.*, mixer.*, runtime.*, and tpm.* with the TPM's response code).
package runtime
