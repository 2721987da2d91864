// Package tpm is a machine's TPM 2.0: its keys (storage root, attestation, sign-in), its counter of grants,
// its attestations, and the sealed secrets that it imports and opens.
//
// Does not verify attestations (package tpmpolicy does, at the other side) and does not decide about uses
// (package meter does). A step that fails leaves no session and no object behind in the TPM.
//
// Read machine.go first. A TPM has one user at a time: swtpm's socket accepts one client, and this package
// holds no lock between commands.
//
// Errors: *[Refused] carries the response code of a TPM that rejected a command; ErrNotProvisioned means that
// there are no keys yet, ErrForeignKey and ErrForeignCounter that their places are taken.
package tpm
