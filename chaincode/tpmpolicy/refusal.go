package tpmpolicy

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of grants: of what custodians sign and seal. A machine that meets one asks for a new grant; a
// custodian that meets one signs nothing.
var (
	// ErrCustodianSet means that a set has fewer than two or more than four keys (Saw), a key twice, or a key
	// of another curve. The dataset must be sealed for another set.
	ErrCustodianSet = ledger.Refuse(ledger.Invalid, "tpm.custodian_set",
		"a meter needs two to four different P-256 custodian keys")
	// ErrPair means that the two places (Saw) are not those of two custodians of the set, the lower one
	// first. Name two of the set.
	ErrPair = ledger.Refuse(ledger.Invalid, "tpm.pair",
		"the pair is not two different custodians of the set, the lower place first")
	// ErrIndexHandle means that a meter's index is asked for outside the NV handles 0x01800200 to 0x018002ff.
	// Choose one of these.
	ErrIndexHandle = ledger.Refuse(ledger.Invalid, "tpm.index_handle",
		"the NV handle must be one of meters, 0x01800200 to 0x018002ff")
	// ErrLimit means that a number of uses is negative, zero for a first grant, or larger than a PIN index
	// holds, or that a session's nonce doesn't have 32 bytes (Saw). Sell or grant a number from 1 to
	// 2147483647.
	ErrLimit = ledger.Refuse(ledger.Invalid, "tpm.limit",
		"a limit must be a number of uses that a PIN index holds, for a nonce of 32 bytes")
	// ErrLimitSignature means that the signature does not verify under the custodian's key for this limit,
	// index and nonce, as with another session's answer. Don't write the limit; ask for a new grant.
	ErrLimitSignature = ledger.Refuse(ledger.Forbidden, "tpm.limit_signature",
		"the limit is not signed by this custodian for this session")
	// ErrName means that a text is not 68 lower-case hex digits that begin with 000b. Send the Name
	// that the TPM computed.
	ErrName = ledger.Refuse(ledger.Invalid, "tpm.name", "the bytes are not a SHA-256 Name of a TPM object")
	// ErrCounterEnd means that the machine's counter of grants has reached 2^64 - 1: this TPM takes no
	// further grant. Take another TPM.
	ErrCounterEnd = ledger.Refuse(ledger.Limit, "tpm.counter_end", "the grant counter has no next value")
	// ErrSealedMalformed means that the bytes are not the public area of a sealed object as [Wrap] makes it.
	// Ask the custodian for its half again.
	ErrSealedMalformed = ledger.Refuse(ledger.Invalid, "tpm.sealed_malformed",
		"the bytes are not the public area of a sealed half")
	// ErrSealedPolicy means that a half can be opened under other conditions than the license's terms give.
	// Don't import it; report the custodian.
	ErrSealedPolicy = ledger.Refuse(ledger.Invalid, "tpm.sealed_policy",
		"the sealed half's policy is not the one that the license's terms give")
	// ErrBlobMalformed means that the bytes are not a duplication blob for an ECC P-256 storage key. Ask
	// the custodian for its half again.
	ErrBlobMalformed = ledger.Refuse(ledger.Invalid, "tpm.blob_malformed",
		"the duplication blob is not one for a P-256 storage key")
	// ErrSecret means that something of another size (Saw) was to be sealed. Seal 1 to 32 bytes.
	ErrSecret = ledger.Refuse(ledger.Invalid, "tpm.secret", "a sealed secret must have 1 to 32 bytes")
)

// Refusals of keys and attestations: of what a machine shows. The machine is not what it claims, or answered
// for another request; it repeats the request, and does not get what it asked for.
var (
	// ErrPublicMalformed means that the bytes are not a TPMT_PUBLIC of a P-256 key. Send the area that
	// the TPM returned.
	ErrPublicMalformed = ledger.Refuse(ledger.Invalid, "tpm.public_malformed",
		"the bytes are not the public area of a P-256 key")
	// ErrPublicAttributes means that the key could be used in other ways than its kind allows, for example be
	// exported (Saw has the attributes). Make the key by this package's template.
	ErrPublicAttributes = ledger.Refuse(ledger.Forbidden, "tpm.public_attributes",
		"the key's TPM attributes are not those required for this kind of key")
	// ErrAttestMalformed means that the bytes are not a TPMS_ATTEST. Send what the TPM returned.
	ErrAttestMalformed = ledger.Refuse(ledger.Invalid, "tpm.attest_malformed", "the bytes are not an attestation")
	// ErrSignatureMalformed means that the bytes are not a TPMT_SIGNATURE by ECDSA. Send what the TPM
	// returned.
	ErrSignatureMalformed = ledger.Refuse(ledger.Invalid, "tpm.signature_malformed",
		"the bytes are not an ECDSA signature of a TPM")
	// ErrAttestSignature means that the signature does not verify under the machine's attestation key. Don't
	// believe it.
	ErrAttestSignature = ledger.Refuse(ledger.Forbidden, "tpm.attest_signature",
		"the attestation is not signed by the machine's attestation key")
	// ErrAttestSigner means that the signing key is not under this machine's SRK in the owner hierarchy. A
	// key that survives TPM2_Clear looks so. Enroll the machine by keys under its SRK.
	ErrAttestSigner = ledger.Refuse(ledger.Forbidden, "tpm.attest_signer",
		"the attestation key is not a child of the machine's storage key in the owner hierarchy")
	// ErrAttestType means that an attestation of one kind was sent for another (Saw has its TPM_ST). Send the
	// one that the field is for.
	ErrAttestType = ledger.Refuse(ledger.Invalid, "tpm.attest_type",
		"the attestation is of another kind than the one required")
	// ErrAttestExtra means that the attestation was made for another nonce, license or job. Attest again, for
	// this request.
	ErrAttestExtra = ledger.Refuse(ledger.Forbidden, "tpm.attest_extra",
		"the attestation's qualifying data is not that of this request")
	// ErrAttestName means that the attestation is about another key or index (Saw has its Name). Attest the
	// one that is asked for.
	ErrAttestName = ledger.Refuse(ledger.Forbidden, "tpm.attest_name",
		"the attestation is about another object than the one required")
	// ErrAttestContents means that a part of the index was attested, so count or limit is missing. Attest all
	// 8 bytes.
	ErrAttestContents = ledger.Refuse(ledger.Invalid, "tpm.attest_contents",
		"the attestation must show the whole index, 8 bytes from offset 0")
)

// Refusals of endorsement certificates: of who made the TPM.
var (
	// ErrEKMalformed means that the bytes are not a certificate, or lack a TPM's manufacturer and model
	// (Saw). Read the certificate from the TPM's NV again.
	ErrEKMalformed = ledger.Refuse(ledger.Invalid, "tpm.ek_malformed",
		"the bytes are not an endorsement key certificate")
	// ErrEKChain means that the certificate's issuer is not among the TPM makers that this partner trusts.
	// Its configuration names their roots in ekRoots.
	ErrEKChain = ledger.Refuse(ledger.Forbidden, "tpm.ek_chain",
		"the TPM's endorsement certificate leads to none of the trusted roots: ask the registrar to add your "+
			"TPM maker's roots (ekRoots)")
	// ErrEKUsage means that the certificate lacks the extended key usage 2.23.133.8.1. Send the TPM
	// maker's certificate.
	ErrEKUsage = ledger.Refuse(ledger.Forbidden, "tpm.ek_usage",
		"the certificate is not one for an endorsement key (extended key usage 2.23.133.8.1)")
	// ErrEKKey means that the certificate is for another kind of key. Use the TPM's RSA 2048
	// endorsement key; others are not supported.
	ErrEKKey = ledger.Refuse(ledger.Invalid, "tpm.ek_key", "the endorsement key must be RSA with 2048 bits")
)
