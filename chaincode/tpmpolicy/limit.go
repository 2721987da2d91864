package tpmpolicy

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/google/go-tpm/tpm2"
)

// Sizes of NV contents, bytes: TPMS_NV_PIN_COUNTER_PARAMETERS is pinCount and pinLimit, 32 bits each (Part 2,
// 13.3).
const (
	PinSize     = 8
	pinLimitAt  = 4
	counterSize = 8
)

// Write is one NV_Write that custodians may allow: its data and offset, and the Name that the index has
// before it.
type Write struct {
	Data   []byte
	Offset uint16
	name   Name
	handle uint32
}

// FirstLimit sets count 0 and a limit of n uses on an index that was never written. It can't be applied
// twice: the first write changes the Name.
func (x Index) FirstLimit(n int64) (Write, error) {
	limit, err := pinLimit(n)
	if err != nil {
		return Write{}, err
	}
	if n == 0 {
		return Write{}, ErrLimit.With("0 uses")
	}
	return Write{Data: append(make([]byte, pinLimitAt), limit...), name: x.Name(false), handle: x.Handle}, nil
}

// NewLimit changes the limit to n uses in all, keeping the count: a top-up (T16), or with n = 0 the close of
// the meter (T17). It can't be applied to an index that was undefined and defined again: its Name is the
// unwritten one.
func (x Index) NewLimit(n int64) (Write, error) {
	limit, err := pinLimit(n)
	if err != nil {
		return Write{}, err
	}
	return Write{Data: limit, Offset: pinLimitAt, name: x.Name(true), handle: x.Handle}, nil
}

func pinLimit(n int64) ([]byte, error) {
	if n < 0 || n > math.MaxInt32 {
		return nil, ErrLimit.With(fmt.Sprint(n))
	}
	return binary.BigEndian.AppendUint32(nil, uint32(n)), nil
}

// Command is the TPM2_NV_Write that the write allows; its authorization is left to the caller.
func (w Write) Command(auth tpm2.Session) tpm2.NVWrite {
	h := named(w.handle, w.name)
	return tpm2.NVWrite{
		AuthHandle: tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: auth},
		NVIndex:    h,
		Data:       tpm2.TPM2BMaxNVBuffer{Buffer: w.Data},
		Offset:     w.Offset,
	}
}

// CPHash is the hash of the command's code, Names and parameters (Part 1, 16.7): what the signatures are
// bound to.
func (w Write) CPHash() (Digest, error) {
	d, err := tpm2.CPHash[tpm2.NVWriteResponse](tpm2.TPMAlgSHA256, w.Command(nil))
	if err != nil {
		return Digest{}, fmt.Errorf("hash a limit's write command: %w", err)
	}
	return Digest(d.Buffer), nil
}

// NonceSize is the size of a session's nonceTPM, bytes.
const NonceSize = 32

// Digest is what each custodian of the pair signs: nonceTPM of the machine's open session, expiration 0 (the
// session itself ends with the TPM's next reset), cpHash, meter (Part 3, 23.3).
func (w Write) Digest(nonceTPM []byte, meter MeterID) (Digest, error) {
	if len(nonceTPM) != NonceSize {
		return Digest{}, ErrLimit.With(fmt.Sprintf("a nonce of %d bytes", len(nonceTPM)))
	}
	cp, err := w.CPHash()
	if err != nil {
		return Digest{}, err
	}
	h := sha256.New()
	h.Write(nonceTPM)
	h.Write(make([]byte, 4))
	h.Write(cp[:])
	h.Write(meter[:])
	return Digest(h.Sum(nil)), nil
}

// VerifyLimit checks a custodian's DER signature over a limit's digest.
func VerifyLimit(key *ecdsa.PublicKey, digest Digest, signature []byte) error {
	if _, err := CustodianPublic(key); err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(key, digest[:], signature) {
		return ErrLimitSignature
	}
	return nil
}
