package tpmpolicy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
)

// Attestation is a TPMS_ATTEST and the TPMT_SIGNATURE over it.
type Attestation struct {
	Attest    []byte
	Signature []byte
}

// Types of attestation (TPMI_ST_ATTEST, Part 2, 10.12.10) that we judge.
const (
	attestMagic   = 0xFF544347 // TPM_GENERATED_VALUE: the TPM itself made the structure
	attestNV      = 0x8014
	attestCertify = 0x8017
	attestTime    = 0x8019
)

// Signer is a machine's attestation key under its storage root key: what an attestation must be signed by.
type Signer struct {
	ak, srk Public
	key     *ecdsa.PublicKey
	place   []byte // Qualified Name of the AK
}

// NewSigner takes the TPMT_PUBLIC of AK and SRK and refuses keys that are not what they should be. Every
// attestation carries the AK's Qualified Name, so each one also proves that the AK is a child of this SRK in
// the owner hierarchy and therefore dies with TPM2_Clear.
func NewSigner(ak, srk []byte) (*Signer, error) {
	a, err := ParseAK(ak)
	if err != nil {
		return nil, err
	}
	s, err := ParseSRK(srk)
	if err != nil {
		return nil, err
	}
	key, err := a.Key()
	if err != nil {
		return nil, err
	}
	return &Signer{ak: a, srk: s, key: key, place: qualified(qualified(ownerHierarchy(), s.Name()), a.Name())}, nil
}

// AK and SRK are the two keys.
func (s *Signer) AK() Public { return s.ak }

// SRK is the parent of AK, token key and sealed halves.
func (s *Signer) SRK() Public { return s.srk }

// Counter is the attested value of the grant counter with this Name.
func (s *Signer) Counter(a Attestation, name Name, extra []byte) (uint64, error) {
	b, err := s.nv(a, name, extra, counterSize)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// Pin is the state of a meter.
type Pin struct {
	Count uint32 // uses burnt
	Limit uint32 // uses allowed in all
}

// Pin is the attested state of the PIN index with this Name (WRITTEN set).
func (s *Signer) Pin(a Attestation, name Name, extra []byte) (Pin, error) {
	b, err := s.nv(a, name, extra, PinSize)
	if err != nil {
		return Pin{}, err
	}
	return Pin{Count: binary.BigEndian.Uint32(b), Limit: binary.BigEndian.Uint32(b[pinLimitAt:])}, nil
}

func (s *Signer) nv(a Attestation, name Name, extra []byte, size int) ([]byte, error) {
	r, err := s.open(a, attestNV, extra)
	if err != nil {
		return nil, err
	}
	index, offset, contents := r.sized(), r.u16(), r.sized()
	if !r.done() {
		return nil, ErrAttestMalformed
	}
	if !bytes.Equal(index, name[:]) {
		return nil, ErrAttestName.With(fmt.Sprintf("%x", index))
	}
	if offset != 0 || len(contents) != size {
		return nil, ErrAttestContents
	}
	return contents, nil
}

// CertifySRK checks that the AK certified the storage root key as a primary key of the owner hierarchy.
func (s *Signer) CertifySRK(a Attestation, extra []byte) error {
	return s.certify(a, s.srk, ownerHierarchy(), extra)
}

// CertifyToken checks that the AK certified the sign-in key as a child of the storage root key.
func (s *Signer) CertifyToken(a Attestation, token, extra []byte) (Public, error) {
	p, err := ParseToken(token)
	if err != nil {
		return Public{}, err
	}
	if err := s.certify(a, p, qualified(ownerHierarchy(), s.srk.Name()), extra); err != nil {
		return Public{}, err
	}
	return p, nil
}

func (s *Signer) certify(a Attestation, subject Public, parent, extra []byte) error {
	r, err := s.open(a, attestCertify, extra)
	if err != nil {
		return err
	}
	name, place := r.sized(), r.sized()
	if !r.done() {
		return ErrAttestMalformed
	}
	want := subject.Name()
	if !bytes.Equal(name, want[:]) || !bytes.Equal(place, qualified(parent, want)) {
		return ErrAttestName.With(fmt.Sprintf("%x", name))
	}
	return nil
}

// Time is the TPM's own time (TPMS_TIME_INFO). Clock is in milliseconds of power since the last TPM2_Clear;
// it can fall back after a power cut, and then Safe is false until it has passed every value ever shown.
type Time struct {
	Time         uint64 // ms since power on
	Clock        uint64
	ResetCount   uint32
	RestartCount uint32
	Safe         bool
}

// Time is the attested time. Its values are the true ones: those in the headers of other attestations are
// obfuscated for a key of the owner hierarchy (measured; Part 1, 36.7).
func (s *Signer) Time(a Attestation, extra []byte) (Time, error) {
	r, err := s.open(a, attestTime, extra)
	if err != nil {
		return Time{}, err
	}
	t := Time{Time: r.u64(), Clock: r.u64(), ResetCount: r.u32(), RestartCount: r.u32()}
	safe := r.u8()
	r.u64() // firmware version
	if !r.done() || safe > 1 {
		return Time{}, ErrAttestMalformed
	}
	t.Safe = safe == 1
	return t, nil
}

// open checks signature, signer and extra data and stands at the type-specific part.
func (s *Signer) open(a Attestation, kind uint16, extra []byte) (*reader, error) {
	h, err := readHeader(a.Attest)
	if err != nil {
		return nil, err
	}
	sr, ss, err := parseSignature(a.Signature)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(a.Attest)
	if !ecdsa.Verify(s.key, digest[:], sr, ss) {
		return nil, ErrAttestSignature
	}
	if !bytes.Equal(h.signer, s.place) {
		return nil, ErrAttestSigner
	}
	if h.kind != kind {
		return nil, ErrAttestType.With(fmt.Sprintf("0x%04x", h.kind))
	}
	if !bytes.Equal(h.extra, extra) {
		return nil, ErrAttestExtra
	}
	return &h.body, nil
}

type header struct {
	kind   uint16
	signer []byte
	extra  []byte
	body   reader
}

// readHeader reads TPMS_ATTEST up to its type-specific part; clock and firmware version there are obfuscated
// and not used.
func readHeader(attest []byte) (header, error) {
	r := reader{rest: attest}
	magic := r.u32()
	h := header{kind: r.u16(), signer: r.sized(), extra: r.sized()}
	r.u64()        // clock
	r.u32()        // resetCount
	r.u32()        // restartCount
	safe := r.u8() // safe
	r.u64()        // firmwareVersion
	if r.failed || magic != attestMagic || safe > 1 {
		return header{}, ErrAttestMalformed
	}
	h.body = r
	return h, nil
}

// parseSignature reads a TPMT_SIGNATURE of ECDSA with SHA-256.
func parseSignature(b []byte) (sr, ss *big.Int, err error) {
	r := reader{rest: b}
	alg, hash, x, y := r.u16(), r.u16(), r.sized(), r.sized()
	if !r.done() || alg != algECDSA || hash != algSHA256 || len(x) == 0 || len(x) > 32 || len(y) == 0 || len(y) > 32 {
		return nil, nil, ErrSignatureMalformed
	}
	return new(big.Int).SetBytes(x), new(big.Int).SetBytes(y), nil
}
