package tpmpolicy

import "github.com/guildmark/guildmark/chaincode/ledger"

// The refusals of this package.
var (
	ErrCustodianSet    = ledger.Refuse(ledger.Invalid, "tpm.custodian_set", "a meter needs two to four different P-256 custodian keys")
	ErrPair            = ledger.Refuse(ledger.Invalid, "tpm.pair", "the pair is not two different custodians of the set")
	ErrIndexHandle     = ledger.Refuse(ledger.Invalid, "tpm.index_handle", "the NV handle is outside the range of meters")
	ErrLimit           = ledger.Refuse(ledger.Invalid, "tpm.limit", "the limit is not one that a meter can hold")
	ErrLimitSignature  = ledger.Refuse(ledger.Forbidden, "tpm.limit_signature", "the limit is not signed by this custodian for this session")
	ErrName            = ledger.Refuse(ledger.Invalid, "tpm.name", "the bytes are not a SHA-256 Name of a TPM object")
	ErrCounterEnd      = ledger.Refuse(ledger.Limit, "tpm.counter_end", "the grant counter has no next value")
	ErrSealedMalformed = ledger.Refuse(ledger.Invalid, "tpm.sealed_malformed", "the bytes are not the public area of a sealed half")
	ErrSealedPolicy    = ledger.Refuse(ledger.Invalid, "tpm.sealed_policy", "the sealed half demands another policy than the terms say")
	ErrBlobMalformed   = ledger.Refuse(ledger.Invalid, "tpm.blob_malformed", "the duplication blob is not one for a P-256 storage key")
	ErrSecret          = ledger.Refuse(ledger.Invalid, "tpm.secret", "a sealed secret is 1 to 32 bytes")

	ErrPublicMalformed    = ledger.Refuse(ledger.Invalid, "tpm.public_malformed", "the bytes are not the public area of a P-256 key")
	ErrPublicAttributes   = ledger.Refuse(ledger.Forbidden, "tpm.public_attributes", "the key's attributes don't make it what it is shown as")
	ErrAttestMalformed    = ledger.Refuse(ledger.Invalid, "tpm.attest_malformed", "the bytes are not an attestation")
	ErrSignatureMalformed = ledger.Refuse(ledger.Invalid, "tpm.signature_malformed", "the bytes are not an ECDSA signature of a TPM")
	ErrAttestSignature    = ledger.Refuse(ledger.Forbidden, "tpm.attest_signature", "the attestation is not signed by the machine's attestation key")
	ErrAttestSigner       = ledger.Refuse(ledger.Forbidden, "tpm.attest_signer", "the attestation key is not a child of the machine's storage key in the owner hierarchy")
	ErrAttestType         = ledger.Refuse(ledger.Invalid, "tpm.attest_type", "the attestation is of another type")
	ErrAttestExtra        = ledger.Refuse(ledger.Forbidden, "tpm.attest_extra", "the attestation answers another question")
	ErrAttestName         = ledger.Refuse(ledger.Forbidden, "tpm.attest_name", "the attestation is about another object")
	ErrAttestContents     = ledger.Refuse(ledger.Invalid, "tpm.attest_contents", "the attestation doesn't show the whole index")

	ErrEKMalformed = ledger.Refuse(ledger.Invalid, "tpm.ek_malformed", "the bytes are not an endorsement key certificate")
	ErrEKChain     = ledger.Refuse(ledger.Forbidden, "tpm.ek_chain", "the TPM's endorsement certificate leads to none of the trusted roots: ask the registrar to add your TPM maker's roots (ekRoots)")
	ErrEKUsage     = ledger.Refuse(ledger.Forbidden, "tpm.ek_usage", "the certificate is not one for an endorsement key")
	ErrEKKey       = ledger.Refuse(ledger.Invalid, "tpm.ek_key", "the endorsement key is not RSA 2048")
)
