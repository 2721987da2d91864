package replaytest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Keys are the keys of a machine's TPM in software, with honest attestations and without policies.
type Keys struct {
	Counter uint64 // the grant counter
	Resets  uint32

	tb             testing.TB
	ak, srk, token *ecdsa.PrivateKey
}

// NewKeys makes the keys of a machine.
func NewKeys(tb testing.TB) *Keys {
	tb.Helper()
	return &Keys{tb: tb, ak: NewKey(tb), srk: NewKey(tb), token: NewKey(tb), Counter: 1, Resets: 1}
}

func (k *Keys) public(key *ecdsa.PrivateKey, template tpm2.TPMTPublic) []byte {
	k.tb.Helper()
	point, err := key.PublicKey.Bytes()
	check(k.tb, err)
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
		X: tpm2.TPM2BECCParameter{Buffer: point[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: point[33:]},
	})
	return tpm2.Marshal(template)
}

// AK is the attestation key's public area.
func (k *Keys) AK() []byte { return k.public(k.ak, tpmpolicy.SigningTemplate(true)) }

// SRK is the storage root key's public area.
func (k *Keys) SRK() []byte { return k.public(k.srk, tpm2.ECCSRKTemplate) }

// Token is the sign-in key's public area.
func (k *Keys) Token() []byte { return k.public(k.token, tpmpolicy.SigningTemplate(false)) }

// Storage is the storage root key itself, which opens what is wrapped to it.
func (k *Keys) Storage() *ecdsa.PrivateKey { return k.srk }

// AKName is the AK's Name in hex.
func (k *Keys) AKName() string {
	ak, err := tpmpolicy.ParseAK(k.AK())
	check(k.tb, err)
	return ak.Name().Hex()
}

func sized(to, b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(b))), b...) //nolint:gosec // G115: structures of a TPM are small
}

func name(public []byte) []byte {
	sum := sha256.Sum256(public)
	return append([]byte{0, 0x0B}, sum[:]...)
}

func qualified(parent, name []byte) []byte {
	sum := sha256.Sum256(append(bytes.Clone(parent), name...))
	return append([]byte{0, 0x0B}, sum[:]...)
}

func owner() []byte { return binary.BigEndian.AppendUint32(nil, 0x40000001) }

func (k *Keys) srkPlace() []byte { return qualified(owner(), name(k.SRK())) }

// attest signs a TPMS_ATTEST (TCG TPM 2.0 Part 2, 10.12.12).
func (k *Keys) attest(kind uint16, extra, body []byte) machine.Attestation {
	k.tb.Helper()
	a := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(nil, 0xFF544347), kind)
	a = sized(sized(a, qualified(k.srkPlace(), name(k.AK()))), extra)
	a = append(append(append(a, make([]byte, 16)...), 1), make([]byte, 8)...)
	a = append(a, body...)
	digest := sha256.Sum256(a)
	r, s, err := ecdsa.Sign(rand.Reader, k.ak, digest[:])
	check(k.tb, err)
	sig := []byte{0, 0x18, 0, 0x0B}
	for _, n := range []*big.Int{r, s} {
		sig = sized(sig, n.FillBytes(make([]byte, 32)))
	}
	return machine.Attestation{Attest: Base64(a), Signature: Base64(sig)}
}

// Certify attests the SRK or the sign-in key.
func (k *Keys) Certify(key, extra []byte) machine.Attestation {
	parent := k.srkPlace()
	if bytes.Equal(key, k.SRK()) {
		parent = owner()
	}
	return k.attest(0x8017, extra, sized(sized(nil, name(key)), qualified(parent, name(key))))
}

// CertifyIndex attests an NV index's contents.
func (k *Keys) CertifyIndex(index tpmpolicy.Name, extra, contents []byte) machine.Attestation {
	return k.attest(0x8014, extra, sized(append(sized(nil, index[:]), 0, 0), contents))
}

// CertifyCounter attests the grant counter.
func (k *Keys) CertifyCounter(extra []byte) machine.Attestation {
	return k.CertifyIndex(tpmpolicy.CounterName(), extra, binary.BigEndian.AppendUint64(nil, k.Counter))
}

// Time attests the TPM's time.
func (k *Keys) Time(extra []byte) machine.Attestation {
	body := binary.BigEndian.AppendUint32(make([]byte, 16), k.Resets)
	body = append(append(append(body, make([]byte, 4)...), 1), make([]byte, 8)...)
	return k.attest(0x8019, extra, body)
}

// GrantRequest is what the machine asks for a license, with the license's index at a handle.
func (k *Keys) GrantRequest(l license.License, custodians tpmpolicy.Custodians, pair []string,
	handle uint32,
) grant.Request {
	k.tb.Helper()
	x, err := tpmpolicy.NewIndex(handle, custodians, tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms))
	check(k.tb, err)
	nonce := make([]byte, tpmpolicy.NonceSize)
	_, _ = rand.Read(nonce) // never fails
	extra := tpmpolicy.GrantDigest(l.ID, nonce, x.Name(false))
	return grant.Request{
		License: l.ID, Pair: pair, Index: x.Handle, Nonce: Base64(nonce), IndexName: x.Name(false).Hex(),
		Counter: k.CertifyCounter(extra[:]), Time: k.Time(extra[:]),
	}
}
