package tpmpolicy

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/go-tpm/tpm2"
)

// OIDs of the TCG EK Credential Profile 2.3: 3.2.10 subject alternative name, 3.2.16 extended key usage.
var (
	oidSAN          = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidManufacturer = asn1.ObjectIdentifier{2, 23, 133, 2, 1}
	oidModel        = asn1.ObjectIdentifier{2, 23, 133, 2, 2}
	oidVersion      = asn1.ObjectIdentifier{2, 23, 133, 2, 3}
	oidEKUsage      = asn1.ObjectIdentifier{2, 23, 133, 8, 1}
)

// Endorsement is what a TPM's endorsement key certificate says.
type Endorsement struct {
	Key          *rsa.PublicKey
	Manufacturer string // e.g. "id:00001014"
	Model        string
	Version      string
	Issuer       string
}

// ParseEndorsement reads an EK certificate without judging who issued it. Bytes after the DER are padding of
// the NV index and must be 0xFF or 0x00.
func ParseEndorsement(der []byte) (Endorsement, *x509.Certificate, error) {
	der, err := TrimCertificate(der)
	if err != nil {
		return Endorsement{}, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Endorsement{}, nil, ErrEKMalformed.With(err.Error())
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() != 2048 || key.E != 65537 {
		return Endorsement{}, nil, ErrEKKey
	}
	if !slices.ContainsFunc(cert.UnknownExtKeyUsage, oidEKUsage.Equal) {
		return Endorsement{}, nil, ErrEKUsage
	}
	e := Endorsement{Key: key, Issuer: cert.Issuer.String()}
	if err := e.readSAN(cert); err != nil {
		return Endorsement{}, nil, err
	}
	return e, cert, nil
}

// VerifyEndorsement checks an EK certificate against the roots and intermediates of TPM makers at a given
// time.
func VerifyEndorsement(der []byte, roots, intermediates *x509.CertPool, at time.Time) (Endorsement, error) {
	e, cert, err := ParseEndorsement(der)
	if err != nil {
		return Endorsement{}, err
	}
	// The subject alternative name is critical and holds a directoryName, which crypto/x509 doesn't read; we
	// have.
	cert.UnhandledCriticalExtensions = slices.DeleteFunc(cert.UnhandledCriticalExtensions, oidSAN.Equal)
	_, err = cert.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return Endorsement{}, ErrEKChain.With(err.Error())
	}
	return e, nil
}

// TrimCertificate cuts the padding behind a certificate read from an NV index.
func TrimCertificate(b []byte) ([]byte, error) {
	n, err := CertificateSize(b)
	if err != nil {
		return nil, err
	}
	if n > len(b) {
		return nil, ErrEKMalformed.With("cut short")
	}
	for _, pad := range b[n:] {
		if pad != 0xFF && pad != 0x00 {
			return nil, ErrEKMalformed.With("bytes after the certificate")
		}
	}
	return b[:n], nil
}

// CertificateSize is the length in bytes of the DER whose first bytes these are.
func CertificateSize(b []byte) (int, error) {
	if len(b) < 4 || b[0] != 0x30 || b[1] != 0x82 {
		return 0, ErrEKMalformed.With("not a certificate")
	}
	return 4 + int(binary.BigEndian.Uint16(b[2:])), nil
}

type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// readSAN finds manufacturer, model and version in the directoryName of the subject alternative name.
func (e *Endorsement) readSAN(cert *x509.Certificate) error {
	for _, x := range cert.Extensions {
		if !x.Id.Equal(oidSAN) {
			continue
		}
		attributes, err := parseSAN(x.Value)
		if err != nil {
			return err
		}
		for _, a := range attributes {
			switch text := string(a.Value.Bytes); {
			case a.Type.Equal(oidManufacturer):
				e.Manufacturer = text
			case a.Type.Equal(oidModel):
				e.Model = text
			case a.Type.Equal(oidVersion):
				e.Version = text
			}
		}
	}
	if e.Manufacturer == "" || e.Model == "" {
		return ErrEKMalformed.With("no manufacturer and model in the subject alternative name")
	}
	return nil
}

// parseSAN reads GeneralNames and collects the attributes of every directoryName ([4], explicit).
func parseSAN(der []byte) ([]attribute, error) {
	var names []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &names); err != nil || len(rest) != 0 {
		return nil, ErrEKMalformed.With("subject alternative name")
	}
	var all []attribute
	for _, n := range names {
		if n.Class != asn1.ClassContextSpecific || n.Tag != 4 {
			continue
		}
		var sets []asn1.RawValue
		if rest, err := asn1.Unmarshal(n.Bytes, &sets); err != nil || len(rest) != 0 {
			return nil, ErrEKMalformed.With("directory name")
		}
		for _, s := range sets {
			found, err := parseSet(s)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

// parseSet reads one RelativeDistinguishedName: a SET of attributes.
func parseSet(s asn1.RawValue) ([]attribute, error) {
	if s.Class != asn1.ClassUniversal || s.Tag != asn1.TagSet {
		return nil, ErrEKMalformed.With("directory name")
	}
	var all []attribute
	for rest := s.Bytes; len(rest) > 0; {
		var a attribute
		var err error
		if rest, err = asn1.Unmarshal(rest, &a); err != nil {
			return nil, ErrEKMalformed.With("directory name")
		}
		all = append(all, a)
	}
	return all, nil
}

// EKPublic is the public area of an RSA endorsement key: the TCG's template (EK Credential Profile, template
// L-1) with the certificate's modulus. A TPM whose EK differs can't activate what is made for it.
func EKPublic(key *rsa.PublicKey) tpm2.TPMTPublic {
	area := tpm2.RSAEKTemplate
	area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA,
		&tpm2.TPM2BPublicKeyRSA{Buffer: key.N.FillBytes(make([]byte, 256))})
	return area
}

// Credential is a secret that only the TPM with one EK can recover, and only if it also holds one AK.
type Credential struct {
	Blob   []byte // TPM2B_ID_OBJECT
	Secret []byte // TPM2B_ENCRYPTED_SECRET
}

// maxCredential is the largest secret: the size of the EK's name hash, bytes.
const maxCredential = 32

// errCredential refuses a secret that doesn't fit.
var errCredential = errors.New("a credential's secret is 1 to 32 bytes")

// MakeCredential wraps a secret to an EK and the Name of an AK (Part 1, 24). It is for registrars and
// custodians.
func MakeCredential(random io.Reader, ek *rsa.PublicKey, ak Name, secret []byte) (Credential, error) {
	if len(secret) == 0 || len(secret) > maxCredential {
		return Credential{}, errCredential
	}
	area := EKPublic(ek)
	key, err := tpm2.ImportEncapsulationKey(&area)
	if err != nil {
		return Credential{}, fmt.Errorf("read the endorsement key: %w", err)
	}
	blob, encrypted, err := tpm2.CreateCredential(random, key, ak[:], secret)
	if err != nil {
		return Credential{}, fmt.Errorf("make a credential: %w", err)
	}
	return Credential{Blob: sized(blob), Secret: sized(encrypted)}, nil
}
