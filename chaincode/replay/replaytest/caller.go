package replaytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Caller is somebody with a certificate and its key.
type Caller struct {
	MSP, Party, Role string
	Key              *ecdsa.PrivateKey
	Certificate      []byte // PEM
	Creator          []byte // msp.SerializedIdentity, as proposals carry it
}

// NewCaller makes a caller of a new party, with the certificate that Fabric CA would issue.
func NewCaller(tb testing.TB, mspID, role string) *Caller {
	tb.Helper()
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails
	return CallerOf(tb, mspID, mspID+"."+hex.EncodeToString(id), role)
}

// CallerOf makes a caller of the party, which need not belong to the MSP.
func CallerOf(tb testing.TB, mspID, partyID, role string) *Caller {
	tb.Helper()
	c := &Caller{MSP: mspID, Party: partyID, Role: role, Key: NewKey(tb)}
	attributes, err := json.Marshal(map[string]map[string]string{"attrs": {"role": role, "party": partyID}})
	check(tb, err)
	template := certificate(role)
	template.Subject.OrganizationalUnit = []string{"client"}
	template.ExtraExtensions = []pkix.Extension{{
		Id:    asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1},
		Value: attributes,
	}}
	c.Certificate = selfSigned(tb, template, c.Key)
	c.Creator, err = proto.Marshal(&msp.SerializedIdentity{Mspid: mspID, IdBytes: c.Certificate})
	check(tb, err)
	return c
}

// Record is the caller's party with its key pinned, as a governor registers it.
func (c *Caller) Record(tb testing.TB) party.Party {
	tb.Helper()
	sum := sha256.Sum256(SPKI(tb, c.Key))
	return party.Party{
		Format: party.Format, ID: c.Party, Home: c.MSP, Roles: []string{c.Role},
		Keys: []party.Key{{Name: "first", Hash: hex.EncodeToString(sum[:])}},
	}
}

// Root is the PEM certificate of a certificate authority.
func Root(tb testing.TB, key *ecdsa.PrivateKey) string {
	tb.Helper()
	template := certificate("root")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	return string(selfSigned(tb, template, key))
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(0, 0),
		NotAfter: time.Unix(1<<33, 0),
	}
}

func selfSigned(tb testing.TB, template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(tb, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// NewKey makes a P-256 key.
func NewKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(tb, err)
	return k
}

// SPKI is a public key as certificates and documents carry it, DER.
func SPKI(tb testing.TB, key *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	check(tb, err)
	return der
}

// Sign is a DER ECDSA signature with low S over SHA-256 of the bytes.
func Sign(tb testing.TB, key *ecdsa.PrivateKey, raw []byte) []byte {
	tb.Helper()
	digest := sha256.Sum256(raw)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	check(tb, err)
	if n := key.Params().N; s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	check(tb, err)
	return der
}

// Base64 writes bytes as documents carry them.
func Base64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// Document writes a document as a call's argument.
func Document(v any) string { return string(ledger.Encode(v)) }

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
