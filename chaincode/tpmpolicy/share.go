package tpmpolicy

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/google/go-tpm/tpm2"
)

// NextCounter is the smallest value of the grant counter at which a grant's halves open: the counter stood at
// c when the grant was asked for, and the machine increments it when the limit is written.
func NextCounter(c uint64) (uint64, error) {
	if c == math.MaxUint64 {
		return 0, ErrCounterEnd
	}
	return c + 1, nil
}

// CounterPolicy is the policy of the half that burns no use: PolicyNV(counter >= c+1), unsigned, offset 0.
func CounterPolicy(counter Name, c uint64) (Digest, error) {
	check, err := counterCheck(counter, c)
	if err != nil {
		return Digest{}, err
	}
	return calculate(check)
}

// UsePolicy is the policy of the half that burns one: the counter first, PolicySecret(PIN index, meter) last,
// so a check that fails burns nothing (T10).
func UsePolicy(counter Name, c uint64, index Index, meter MeterID) (Digest, error) {
	check, err := counterCheck(counter, c)
	if err != nil {
		return Digest{}, err
	}
	return calculate(check, tpm2.PolicySecret{
		AuthHandle: named(index.Handle, index.Name(true)), PolicyRef: tpm2.TPM2BNonce{Buffer: meter[:]},
	})
}

// UseTokenPolicy is PolicySecret(PIN index, meter) alone: for a signing key whose every signature is a use. A
// device's own controller takes such signatures (T10); no machine has one yet, and the frozen vectors hold
// the digest.
func UseTokenPolicy(index Index, meter MeterID) (Digest, error) {
	return calculate(tpm2.PolicySecret{
		AuthHandle: named(index.Handle, index.Name(true)), PolicyRef: tpm2.TPM2BNonce{Buffer: meter[:]},
	})
}

func counterCheck(counter Name, c uint64) (tpm2.PolicyNV, error) {
	next, err := NextCounter(c)
	if err != nil {
		return tpm2.PolicyNV{}, err
	}
	return CounterCheck(counter, next), nil
}

// CounterCheck is the PolicyNV command that demands a grant counter of at least next.
func CounterCheck(counter Name, next uint64) tpm2.PolicyNV {
	return tpm2.PolicyNV{
		NVIndex:   named(CounterHandle, counter),
		OperandB:  tpm2.TPM2BOperand{Buffer: binary.BigEndian.AppendUint64(nil, next)},
		Operation: tpm2.TPMEOUnsignedGE,
	}
}

// SealedPublic is the public area of a sealed half: it can be opened by its policy and in no other way, and
// can't leave the TPM again. unique is SHA-256(seed || secret).
func SealedPublic(policy, unique Digest) tpm2.TPMTPublic {
	return tpm2.TPMTPublic{
		Type:             tpm2.TPMAlgKeyedHash,
		NameAlg:          tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{AdminWithPolicy: true, NoDA: true},
		AuthPolicy:       tpm2.TPM2BDigest{Buffer: bytes.Clone(policy[:])},
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgKeyedHash, &tpm2.TPMSKeyedHashParms{
			Scheme: tpm2.TPMTKeyedHashScheme{Scheme: tpm2.TPMAlgNull},
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BDigest{Buffer: bytes.Clone(unique[:])}),
	}
}

// Sealed is what a sealed half's public area says.
type Sealed struct {
	Policy Digest
	Name   Name
}

// A sealed half's public area: type, nameAlg, attributes, policy, scheme NULL, unique value; no other size is
// one.
const (
	sealedSize       = 2 + 2 + 4 + (2 + 32) + 2 + (2 + 32)
	sealedAttributes = adminWithPolicy | noDA
)

// ParseSealed reads a TPM2B_PUBLIC of a sealed half; everything except its policy and unique value must be
// exactly as SealedPublic makes it.
func ParseSealed(public2B []byte) (Sealed, error) {
	if len(public2B) != 2+sealedSize {
		return Sealed{}, ErrSealedMalformed
	}
	public := public2B[2:]
	r := reader{rest: public2B}
	fits := r.u16() == sealedSize && r.u16() == algKeyedHash && r.u16() == algSHA256 && r.u32() == sealedAttributes
	policy := r.sized()
	fits = fits && r.u16() == algNull && len(policy) == len(Digest{}) && len(r.sized()) == len(Digest{}) && r.done()
	if !fits {
		return Sealed{}, ErrSealedMalformed
	}
	return Sealed{Policy: Digest(policy), Name: nameOf(public)}, nil
}

// CheckSealed refuses a sealed half whose policy is not the one the terms say.
func CheckSealed(public2B []byte, policy Digest) (Sealed, error) {
	s, err := ParseSealed(public2B)
	if err != nil {
		return Sealed{}, err
	}
	if s.Policy != policy {
		return Sealed{}, ErrSealedPolicy
	}
	return s, nil
}
