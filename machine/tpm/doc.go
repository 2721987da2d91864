// Package tpm is a machine's TPM 2.0: its keys (storage root, attestation, sign-in), its epoch counter, what it
// attests, and the sealed secrets it imports and opens.
//
// It refuses to trust what a TPM says about itself (that is for who verifies the attestations, package tpmpolicy), to
// decide about uses (package meter), and to leave a session or an object behind in the TPM when a step fails.
//
// Read machine.go first. A TPM has one user at a time: swtpm's socket takes one client, and this package locks nothing
// in between commands. Errors: *[Refused] carries the response code of a TPM that said no; ErrNotProvisioned and the
// other sentinels say what is in the way.
package tpm
