package tpmpolicy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/go-tpm/tpm2"
)

// TPM algorithm and curve ids (TCG Algorithm Registry) as they stand in a public area.
const (
	algECC       = 0x0023
	algKeyedHash = 0x0008
	algSHA256    = 0x000B
	algAES       = 0x0006
	algCFB       = 0x0043
	algNull      = 0x0010
	algECDSA     = 0x0018
	curveP256    = 0x0003
	rhOwner      = 0x40000001
)

// Object attributes (TPMA_OBJECT, Part 2, 8.3.3).
const (
	fixedTPM            = 1 << 1
	fixedParent         = 1 << 4
	sensitiveDataOrigin = 1 << 5
	userWithAuth        = 1 << 6
	adminWithPolicy     = 1 << 7
	noDA                = 1 << 10
	restricted          = 1 << 16
	decrypt             = 1 << 17
	signEncrypt         = 1 << 18
)

// Attributes of the three keys of a machine: made by the TPM, bound to it and to their parent, usable with
// empty authorization. The AK signs only what the TPM made (restricted), the token key anything, the SRK
// nothing.
const (
	ownKey          = fixedTPM | fixedParent | sensitiveDataOrigin | userWithAuth | noDA
	akAttributes    = ownKey | restricted | signEncrypt
	srkAttributes   = ownKey | restricted | decrypt
	tokenAttributes = ownKey | signEncrypt
)

// Public is a P-256 key of a machine's TPM.
type Public struct {
	raw        []byte // TPMT_PUBLIC
	attributes uint32
	storage    bool // AES-128-CFB parent
	x, y       []byte
}

// ParsePublic reads a TPMT_PUBLIC of a P-256 key with nameAlg SHA-256 and no policy, strictly.
func ParsePublic(raw []byte) (Public, error) {
	r := reader{rest: raw}
	kind, nameAlg := r.u16(), r.u16()
	p := Public{raw: slices.Clone(raw), attributes: r.u32()}
	policy := r.sized()
	if r.failed || kind != algECC || nameAlg != algSHA256 || len(policy) != 0 {
		return Public{}, ErrPublicMalformed
	}
	if !p.readParameters(&r) {
		return Public{}, ErrPublicMalformed
	}
	p.x, p.y = slices.Clone(r.sized()), slices.Clone(r.sized())
	if !r.done() || !isPoint(p.x, p.y) {
		return Public{}, ErrPublicMalformed
	}
	return p, nil
}

// readParameters reads TPMS_ECC_PARMS: a storage key has AES-128-CFB and no scheme, a signing key
// ECDSA-SHA256.
func (p *Public) readParameters(r *reader) bool {
	switch symmetric := r.u16(); symmetric {
	case algAES:
		p.storage = true
		if r.u16() != 128 || r.u16() != algCFB {
			return false
		}
	case algNull:
	default:
		return false
	}
	scheme := r.u16()
	if p.storage {
		if scheme != algNull {
			return false
		}
	} else if scheme != algECDSA || r.u16() != algSHA256 {
		return false
	}
	return r.u16() == curveP256 && r.u16() == algNull && !r.failed
}

func isPoint(x, y []byte) bool {
	if len(x) != 32 || len(y) != 32 {
		return false
	}
	_, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	return err == nil
}

// Name is the key's Name.
func (p Public) Name() Name { return nameOf(p.raw) }

// Bytes is the key's TPMT_PUBLIC.
func (p Public) Bytes() []byte { return slices.Clone(p.raw) }

// Key is the key for the standard library.
func (p Public) Key() (*ecdsa.PublicKey, error) {
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, p.x, p.y))
	if err != nil {
		return nil, ErrPublicMalformed
	}
	return k, nil
}

// StorageArea is a storage root key for go-tpm: the TCG template with this key's point.
func (p Public) StorageArea() tpm2.TPMTPublic {
	area := tpm2.ECCSRKTemplate
	area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
		X: tpm2.TPM2BECCParameter{Buffer: p.x}, Y: tpm2.TPM2BECCParameter{Buffer: p.y},
	})
	return area
}

// ParseAK reads an attestation key: restricted, made in and bound to its TPM.
func ParseAK(raw []byte) (Public, error) { return parseAs(raw, akAttributes, false) }

// ParseSRK reads a storage root key of the TCG's P-256 template.
func ParseSRK(raw []byte) (Public, error) { return parseAs(raw, srkAttributes, true) }

// ParseToken reads a sign-in key: made in and bound to its TPM, free to sign.
func ParseToken(raw []byte) (Public, error) { return parseAs(raw, tokenAttributes, false) }

func parseAs(raw []byte, attributes uint32, storage bool) (Public, error) {
	p, err := ParsePublic(raw)
	if err != nil {
		return Public{}, err
	}
	if p.attributes != attributes || p.storage != storage {
		return Public{}, ErrPublicAttributes.With(fmt.Sprintf("0x%08x", p.attributes))
	}
	return p, nil
}

// qualified is a Qualified Name: nameAlg || H(parent's Qualified Name || Name) (Part 1, 16.6). It says where
// in the TPM's hierarchies a key stands.
func qualified(parent []byte, n Name) []byte {
	h := sha256.Sum256(append(slices.Clone(parent), n[:]...))
	return append([]byte{0x00, 0x0B}, h[:]...)
}

// ownerHierarchy is the Qualified Name of the owner hierarchy: its handle.
func ownerHierarchy() []byte { return binary.BigEndian.AppendUint32(nil, rhOwner) }

// SigningTemplate is the template of the AK (restricted) and of the token key.
func SigningTemplate(isRestricted bool) tpm2.TPMTPublic {
	return tpm2.TPMTPublic{
		Type:    tpm2.TPMAlgECC,
		NameAlg: tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{
			FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, NoDA: true,
			Restricted: isRestricted, SignEncrypt: true,
		},
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{
			CurveID: tpm2.TPMECCNistP256,
			Scheme: tpm2.TPMTECCScheme{
				Scheme: tpm2.TPMAlgECDSA,
				Details: tpm2.NewTPMUAsymScheme(tpm2.TPMAlgECDSA,
					&tpm2.TPMSSigSchemeECDSA{HashAlg: tpm2.TPMAlgSHA256}),
			},
		}),
	}
}
