package tpmpolicy

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/google/go-tpm/tpm2"
)

// maxSecret is what we seal: shares and key seeds, bytes.
const maxSecret = 32

// Blob is a secret sealed for one TPM: what TPM2_Import takes. Each field carries its own two bytes of
// length, as the TCG types do.
type Blob struct {
	Public    []byte // TPM2B_PUBLIC
	Duplicate []byte // TPM2B_PRIVATE
	Seed      []byte // TPM2B_ENCRYPTED_SECRET
}

// Wrap seals a secret under a policy to the storage key of one TPM, in software (Part 1, 23.3, outer wrapper
// only). srk is the TPMT_PUBLIC that the machine's attestation key certified. It is for custodians and
// registrars: never for chaincode, where every peer would see the secret.
func Wrap(random io.Reader, secret, srk []byte, policy Digest) (Blob, error) {
	if len(secret) == 0 || len(secret) > maxSecret {
		return Blob{}, ErrSecret.With(fmt.Sprintf("%d bytes", len(secret)))
	}
	parent, err := ParseSRK(srk)
	if err != nil {
		return Blob{}, err
	}
	seed := make([]byte, sha256.Size)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Blob{}, fmt.Errorf("draw a seed: %w", err)
	}
	public := tpm2.Marshal(SealedPublic(policy, sha256.Sum256(append(append([]byte{}, seed...), secret...))))
	name := nameOf(public)
	sensitive := tpm2.TPMTSensitive{
		SensitiveType: tpm2.TPMAlgKeyedHash,
		SeedValue:     tpm2.TPM2BDigest{Buffer: seed},
		Sensitive:     tpm2.NewTPMUSensitiveComposite(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BSensitiveData{Buffer: secret}),
	}
	area := parent.StorageArea()
	key, err := tpm2.ImportEncapsulationKey(&area)
	if err != nil {
		return Blob{}, fmt.Errorf("read the storage key: %w", err)
	}
	duplicate, encrypted, err := tpm2.CreateDuplicate(random, key, name[:], tpm2.Marshal(sensitive))
	if err != nil {
		return Blob{}, fmt.Errorf("wrap a secret: %w", err)
	}
	return Blob{Public: sized(public), Duplicate: sized(duplicate), Seed: sized(encrypted)}, nil
}

// Sizes of a blob of ours, with their lengths: the inner parts are measured (facts: 108 and 68 bytes for 32
// bytes under a P-256 parent), the bounds only keep novels off the ledger.
const (
	maxDuplicate = 256
	maxSeed      = 128
)

// CheckBlob refuses a blob that is not shaped for TPM2_Import under a P-256 parent, or whose policy is
// another. What is encrypted inside, only the TPM can tell.
func CheckBlob(b Blob, policy Digest) (Sealed, error) {
	if !isSized(b.Duplicate, maxDuplicate) || !isSized(b.Seed, maxSeed) {
		return Sealed{}, ErrBlobMalformed
	}
	r := reader{rest: b.Duplicate[2:]}
	if mac := r.sized(); r.failed || len(mac) != sha256.Size || len(r.rest) == 0 {
		return Sealed{}, ErrBlobMalformed
	}
	r = reader{rest: b.Seed[2:]}
	x, y := r.sized(), r.sized()
	if !r.done() || !isPoint(x, y) {
		return Sealed{}, ErrBlobMalformed
	}
	return CheckSealed(b.Public, policy)
}

// sized puts two bytes of length before what is always far shorter than 64 KiB.
func sized(b []byte) []byte {
	//nolint:gosec // G115: keys, secrets and seeds of fixed sizes under 512 bytes.
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func isSized(b []byte, most int) bool {
	return len(b) > 2 && len(b) <= most && int(binary.BigEndian.Uint16(b)) == len(b)-2
}
