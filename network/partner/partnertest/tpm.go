package partnertest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// endorsementKeys are RSA keys for TPMs, made once a process: making one takes longer than most tests.
var endorsementKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 4)
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic("partnertest: " + err.Error())
		}
		keys[i] = key
	}
	return keys
})

// Maker issues endorsement certificates. TPMs of one maker have different keys, up to four.
type Maker struct {
	made atomic.Int32
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	PEM  []byte
}

// NewMaker is a TPM maker's authority.
func NewMaker(tb testing.TB, name string) *Maker {
	tb.Helper()
	m := &Maker{key: replaytest.NewKey(tb)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(0, 0),
		NotAfter: time.Unix(1<<33, 0),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &m.key.PublicKey, m.key)
	check(tb, err)
	m.cert, err = x509.ParseCertificate(der)
	check(tb, err)
	m.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return m
}

// TPM is a machine's TPM in software: honest keys, attestations and imports, without policies.
type TPM struct {
	*replaytest.Keys

	ek            *rsa.PrivateKey
	EKCertificate []byte // DER
	Salt          string
}

// NewTPM makes a TPM with an endorsement certificate of the maker.
func NewTPM(tb testing.TB, m *Maker) *TPM {
	tb.Helper()
	keys := endorsementKeys()
	ek := keys[int(m.made.Add(1))%len(keys)]
	p := &TPM{Keys: replaytest.NewKeys(tb), ek: ek}
	salt := make([]byte, 32)
	_, _ = rand.Read(salt)
	p.Salt = hex.EncodeToString(salt)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		KeyUsage:           x509.KeyUsageKeyEncipherment,
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{2, 23, 133, 8, 1}},
		ExtraExtensions: []pkix.Extension{{
			Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true,
			Value: subjectName(tb),
		}},
	}
	var err error
	p.EKCertificate, err = x509.CreateCertificate(rand.Reader, template, m.cert, &ek.PublicKey, m.key)
	check(tb, err)
	return p
}

// subjectName is the directoryName with manufacturer, model and version (TCG EK Credential Profile, 3.2.10).
func subjectName(tb testing.TB) []byte {
	tb.Helper()
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value string `asn1:"utf8"`
	}
	var sets []byte
	for i, v := range []string{"id:00001014", "soft", "id:1"} {
		der, err := asn1.Marshal(attribute{asn1.ObjectIdentifier{2, 23, 133, 2, i + 1}, v})
		check(tb, err)
		set, err := asn1.Marshal(asn1.RawValue{
			Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true,
			Bytes: der,
		})
		check(tb, err)
		sets = append(sets, set...)
	}
	name, err := asn1.Marshal(asn1.RawValue{
		Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true,
		Bytes: sets,
	})
	check(tb, err)
	explicit, err := asn1.Marshal(asn1.RawValue{
		Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true,
		Bytes: name,
	})
	check(tb, err)
	all, err := asn1.Marshal(asn1.RawValue{
		Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true,
		Bytes: explicit,
	})
	check(tb, err)
	return all
}

// MachineID is the machine's id.
func (p *TPM) MachineID() string { return machine.ID(p.AKName(), p.Salt) }

// ActivationRequest starts an activation of this TPM.
func (p *TPM) ActivationRequest() machine.ActivationRequest {
	return machine.ActivationRequest{
		EKCertificate: replaytest.Base64(p.EKCertificate),
		AK:            replaytest.Base64(p.AK()), Salt: p.Salt,
	}
}

// EnrollmentRequest ends an enrollment with an honest proof.
func (p *TPM) EnrollmentRequest(a machine.Activation, line string) (machine.EnrollmentRequest, error) {
	secret, err := p.Activate(a)
	if err != nil {
		return machine.EnrollmentRequest{}, err
	}
	extra := machine.ActivationDigest(a.ID, p.AKName())
	return machine.EnrollmentRequest{
		Proof: machine.Proof(secret, a.ID, p.AKName()),
		SRK:   replaytest.Base64(p.SRK()), SRKCertify: p.Certify(p.SRK(), extra),
		Token: replaytest.Base64(p.Token()), TokenCertify: p.Certify(p.Token(), extra),
		Counter: tpmpolicy.CounterName().Hex(), CounterCertify: p.CertifyCounter(extra), Line: line,
	}, nil
}

func name(public []byte) []byte {
	sum := sha256.Sum256(public)
	return append([]byte{0, 0x0B}, sum[:]...)
}

var errIntegrity = errors.New("TPM_RC_INTEGRITY")

// Activate is TPM2_ActivateCredential (Part 1, 24).
func (p *TPM) Activate(a machine.Activation) ([]byte, error) {
	blob, err := base64.StdEncoding.DecodeString(a.CredentialBlob)
	if err != nil {
		return nil, err
	}
	encrypted, err := base64.StdEncoding.DecodeString(a.Secret)
	if err != nil {
		return nil, err
	}
	seed, err := rsa.DecryptOAEP(sha256.New(), nil, p.ek, encrypted[2:], []byte("IDENTITY\x00"))
	if err != nil {
		return nil, err
	}
	raw, err := unwrap(blob[2:], seed, name(p.AK()))
	if err != nil {
		return nil, err
	}
	return raw[2:], nil
}

// unwrap undoes an outer wrapper: integrity, then AES-128-CFB with a zero IV (Part 1, 22.3).
func unwrap(wrapped, seed, name []byte) ([]byte, error) {
	size := int(binary.BigEndian.Uint16(wrapped))
	sum, box := wrapped[2:2+size], bytes.Clone(wrapped[2+size:])
	mac := hmac.New(sha256.New, tpm2.KDFa(crypto.SHA256, seed, "INTEGRITY", nil, nil, 256))
	mac.Write(box)
	mac.Write(name)
	if !hmac.Equal(mac.Sum(nil), sum) {
		return nil, errIntegrity
	}
	block, err := aes.NewCipher(tpm2.KDFa(crypto.SHA256, seed, "STORAGE", name, nil, 128))
	if err != nil {
		return nil, err
	}
	cipher.NewCFBDecrypter(block, make([]byte, 16)).XORKeyStream(box, box) //nolint:staticcheck // what a TPM does
	return box, nil
}

// Import is TPM2_Import and a look inside: the sealed secret of a blob for this SRK (Part 1, 23.3).
func (p *TPM) Import(b tpmpolicy.Blob) ([]byte, error) {
	srk, err := p.Storage().ECDH()
	if err != nil {
		return nil, err
	}
	seedBlob := b.Seed[2:]
	x := seedBlob[2 : 2+binary.BigEndian.Uint16(seedBlob)]
	rest := seedBlob[2+len(x):]
	y := rest[2 : 2+binary.BigEndian.Uint16(rest)]
	ephemeral, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, err
	}
	z, err := srk.ECDH(ephemeral)
	if err != nil {
		return nil, err
	}
	own := srk.PublicKey().Bytes()[1:33]
	seed := tpm2.KDFe(crypto.SHA256, z, "DUPLICATE", x, own, 256)
	raw, err := unwrap(b.Duplicate[2:], seed, name(b.Public[2:]))
	if err != nil {
		return nil, err
	}
	sensitive := raw[2+2:] // TPM2B_SENSITIVE: size, type
	for range 2 {          // authValue, seedValue
		sensitive = sensitive[2+binary.BigEndian.Uint16(sensitive):]
	}
	return sensitive[2:], nil
}
