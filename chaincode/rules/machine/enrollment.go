package machine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// The documents of POST /activations and POST /activations/{id}, between a machine and the registrar or a
// custodian (T14). Binary fields are base64 unless said hex.
type (
	// ActivationRequest starts a credential activation.
	ActivationRequest struct {
		EKCertificate string `json:"ekCertificate"` // DER
		AK            string `json:"ak"`            // TPMT_PUBLIC
		Salt          string `json:"salt"`          // 32 random bytes, hex: the machine's own, the same towards all
		Machine       string `json:"machine,omitempty"`
		Code          string `json:"code,omitempty"` // one-time enrollment code; registrar only
	}

	// Activation is the answer: a credential that only this TPM with this AK can open.
	Activation struct {
		ID             string `json:"id"`
		CredentialBlob string `json:"credentialBlob"` // TPM2B_ID_OBJECT
		Secret         string `json:"secret"`         // TPM2B_ENCRYPTED_SECRET
	}

	// ActivationProof ends it at a custodian.
	ActivationProof struct {
		Proof string `json:"proof"` // hex, Proof of the credential's secret
	}

	// EnrollmentRequest ends it at the registrar. Every attestation's extra data is ActivationDigest.
	EnrollmentRequest struct {
		Proof          string      `json:"proof"`
		SRK            string      `json:"srk"` // TPMT_PUBLIC
		SRKCertify     Attestation `json:"srkCertify"`
		Token          string      `json:"token"` // TPMT_PUBLIC
		TokenCertify   Attestation `json:"tokenCertify"`
		Counter        string      `json:"counter"` // hex Name
		CounterCertify Attestation `json:"counterCertify"`
		Line           string      `json:"line"`
	}

	// Enrolled is what the registrar hands back: the record on the ledger, the trust bundle, the runtime's
	// key.
	Enrolled struct {
		Machine          Machine                      `json:"machine"`
		Bundle           string                       `json:"bundle"`
		BundleSignatures []consortium.BundleSignature `json:"bundleSignatures"`
		RuntimeKey       SealedKey                    `json:"runtimeKey"`
		// id of the runtime recipient that the key belongs to
		Recipient string `json:"recipient"`
		Gateway   string `json:"gateway"` // URL
		Issuer    string `json:"issuer"`  // URL
	}

	// SealedKey is a duplication blob for the machine's SRK; its policy is the digest of no command (32 zero
	// bytes).
	SealedKey struct {
		Public    string `json:"public"`
		Duplicate string `json:"duplicate"`
		Seed      string `json:"seed"`
	}
)

// EKHash is what the ledger keeps of an endorsement key certificate: with 32 random bytes of salt it names
// nobody (T27).
func EKHash(salt string, certificate []byte) string {
	return ledger.Hash("guildmark/ek/1", salt, base64.StdEncoding.EncodeToString(certificate))
}

// Proof shows that a machine opened a credential: HMAC-SHA256 with its secret over the activation's id and
// the AK's Name.
func Proof(secret []byte, id, akName string) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("guildmark/activation/1|" + id + "|" + akName))
	return hex.EncodeToString(h.Sum(nil))
}

// ActivationDigest is the extra data of the attestations in an enrollment: they answer this activation and no
// other.
func ActivationDigest(id, akName string) []byte {
	b, err := hex.DecodeString(ledger.Hash("guildmark/activation/1", id, akName))
	if err != nil {
		panic("machine: ledger.Hash is not hex: " + err.Error())
	}
	return b
}
