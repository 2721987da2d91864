// Package signedtest makes signed files with test CAs, good and forged, for tests and for frozen vectors.
//
// Is not part of the product: only tests and fixtures' generators import it.
package signedtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// The partners of a test consortium; the auditor doesn't sign.
const (
	Operator     = "OperatorMSP"
	Manufacturer = "ManufacturerMSP"
	Licensors    = "LicensorsMSP"
	Auditor      = "AuditorMSP"
)

// Consortium is four partners with a CA and a bundle key each, k = 2.
type Consortium struct {
	Bundle     *signed.Bundle
	Start      time.Time // certificates are good from an hour before to a year after
	cas        map[string]*authority
	bundleKeys map[string]*ecdsa.PrivateKey
}

type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	next int64
}

// Signer is an identity that can endorse.
type Signer struct {
	MSP         string
	Serialized  []byte // msp.SerializedIdentity
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// New makes a consortium whose certificates are good around start.
func New(start time.Time) (*Consortium, error) {
	c := &Consortium{Start: start, cas: map[string]*authority{}, bundleKeys: map[string]*ecdsa.PrivateKey{}}
	b := &signed.Bundle{
		Format: signed.BundleFormat, Channel: "guildmark", Chaincode: "guildmark", Quorum: 2,
		Network: "regtest", Attested: true,
		Treasury: consortium.Treasury{Version: 1, Descriptor: "wsh(sortedmulti(2,test))"},
	}
	for _, name := range []string{Auditor, Licensors, Manufacturer, Operator} {
		p, err := c.found(name)
		if err != nil {
			return nil, err
		}
		b.Partners = append(b.Partners, p)
	}
	c.Bundle = b
	return c, nil
}

func (c *Consortium) found(name string) (signed.BundlePartner, error) {
	ca, err := newAuthority("ca."+name, c.Start)
	if err != nil {
		return signed.BundlePartner{}, err
	}
	c.cas[name] = ca
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signed.BundlePartner{}, fmt.Errorf("make bundle key: %w", err)
	}
	c.bundleKeys[name] = key
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return signed.BundlePartner{}, fmt.Errorf("encode bundle key: %w", err)
	}
	return signed.BundlePartner{
		MSP: name, Roots: []string{encodePEM("CERTIFICATE", ca.cert.Raw)}, CRLs: []string{},
		BundleKey: base64.StdEncoding.EncodeToString(spki), Signs: name != Auditor,
	}, nil
}

func newAuthority(name string, start time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make CA key: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: start.Add(-time.Hour), NotAfter: start.AddDate(10, 0, 0),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make CA certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse CA certificate: %w", err)
	}
	return &authority{key: key, cert: cert, next: 2}, nil
}

// Leaf says how a signer's certificate departs from a peer's.
type Leaf struct {
	OUs                 []string                // default: peer
	NotBefore, NotAfter time.Time               // default: around Start
	Mend                func(*x509.Certificate) // last word on the template
	IssuedBy            string                  // MSP whose CA signs; default: the signer's own
}

// Signer makes an identity of a partner.
func (c *Consortium) Signer(name string, leaf Leaf) (Signer, error) {
	if leaf.OUs == nil {
		leaf.OUs = []string{"peer"}
	}
	if leaf.IssuedBy == "" {
		leaf.IssuedBy = name
	}
	if leaf.NotBefore.IsZero() {
		leaf.NotBefore, leaf.NotAfter = c.Start.Add(-time.Hour), c.Start.AddDate(1, 0, 0)
	}
	ca := c.cas[leaf.IssuedBy]
	ca.next++
	t := &x509.Certificate{
		SerialNumber: big.NewInt(ca.next), Subject: pkix.Name{CommonName: "peer0", OrganizationalUnit: leaf.OUs},
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if leaf.Mend != nil {
		leaf.Mend(t)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Signer{}, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca.cert, &key.PublicKey, ca.key)
	if err != nil {
		return Signer{}, fmt.Errorf("make certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Signer{}, fmt.Errorf("parse certificate: %w", err)
	}
	s, err := proto.Marshal(&msp.SerializedIdentity{Mspid: name, IdBytes: []byte(encodePEM("CERTIFICATE", der))})
	if err != nil {
		return Signer{}, fmt.Errorf("serialize identity: %w", err)
	}
	return Signer{MSP: name, Serialized: s, Certificate: cert, Key: key}, nil
}

// Peers makes one peer of each named partner.
func (c *Consortium) Peers(names ...string) ([]Signer, error) {
	var out []Signer
	for _, n := range names {
		s, err := c.Signer(n, Leaf{})
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Revoke returns a bundle like c.Bundle, in which a partner's CA has revoked the serial numbers.
func (c *Consortium) Revoke(name string, serials ...*big.Int) (*signed.Bundle, error) {
	ca := c.cas[name]
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: c.Start, NextUpdate: c.Start.AddDate(1, 0, 0)}
	for _, s := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: s, RevocationTime: c.Start})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.cert, ca.key)
	if err != nil {
		return nil, fmt.Errorf("make revocation list: %w", err)
	}
	b := *c.Bundle
	b.Partners = append([]signed.BundlePartner(nil), b.Partners...)
	for i, p := range b.Partners {
		if p.MSP == name {
			b.Partners[i].CRLs = []string{encodePEM("X509 CRL", der)}
		}
	}
	return &b, nil
}

// SignBundle signs bundle bytes with the bundle keys of the named partners.
func (c *Consortium) SignBundle(doc []byte, names ...string) ([]signed.BundleSignature, error) {
	var out []signed.BundleSignature
	for _, n := range names {
		sig, err := signLow(c.bundleKeys[n], doc)
		if err != nil {
			return nil, err
		}
		out = append(out, signed.BundleSignature{MSP: n, Signature: base64.StdEncoding.EncodeToString(sig)})
	}
	return out, nil
}

// Next is the bundle that follows b.
func Next(b *signed.Bundle) []byte {
	n := *b
	n.Sequence, n.Previous = b.Sequence+1, b.ID()
	return ledger.Encode(&n)
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// signLow signs SHA-256 of the message and takes the lower of the two forms of s, as Fabric's peers do.
func signLow(key *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	n := elliptic.P256().Params().N
	if s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	return encodeSignature(r, s)
}
