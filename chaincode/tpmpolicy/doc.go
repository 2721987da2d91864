// Package tpmpolicy computes, from the terms of a license, the TPM 2.0 policy digests, NV Names and signed
// limits that a grant must carry, and verifies what a TPM attests. Anyone can compare terms and TPM policy
// with it, without a TPM.
//
// Does not talk to a TPM, keep a key or sign. [Wrap] and [MakeCredential] need randomness: custodians and
// registrars call them, the chaincode never does.
//
// Read meter.go first (the PIN index that counts uses), then limit.go (the limit that custodians sign),
// share.go (the policy of the sealed halves), signer.go (attestations). All numbers are big-endian and all
// hashes SHA-256, as in TCG TPM 2.0 Parts 1 to 3.
//
// Errors: every rejection is one of the Err variables, a *ledger.Refusal with a stable code, found by
// errors.Is. Err...Malformed means that the bytes are not the structure; the others reject a well-formed one.
package tpmpolicy
