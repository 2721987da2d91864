// Package tpmpolicy computes, from the terms of a license, the TPM 2.0 policy digests, NV Names and signed limits that
// a grant must carry, and judges what a TPM attests: terms and TPM policy can be compared by anyone, without a TPM.
//
// It refuses to talk to a TPM, to keep a key, or to sign: [Wrap] and [MakeCredential], the two functions that need
// randomness, are for custodians and registrars and never run in chaincode.
//
// Read meter.go first (the PIN index that counts uses), then limit.go (what custodians sign), share.go (what the sealed
// halves demand), signer.go (attestations). Everything is big-endian and SHA-256, as TCG TPM 2.0 Parts 1 to 3 say.
//
// Errors: every refusal is a sentinel of this package (Err…, a [ledger.Refusal] with a stable code), found by
// errors.Is: Err…Malformed means the bytes are not the structure, the others that a well-formed one was judged.
package tpmpolicy
