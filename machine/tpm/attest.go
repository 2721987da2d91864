package tpm

import (
	"encoding/binary"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// noScheme lets the attestation key use its own: ECDSA with SHA-256.
func noScheme() tpm2.TPMTSigScheme { return tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgNull} }

func attestation(attest tpm2.TPM2BAttest, signature tpm2.TPMTSignature) tpmpolicy.Attestation {
	return tpmpolicy.Attestation{Attest: attest.Bytes(), Signature: tpm2.Marshal(signature)}
}

// CertifySRK attests the storage root key. extra answers the verifier's question.
func (m *TPM) CertifySRK(extra []byte) (tpmpolicy.Attestation, error) {
	return m.certify(&m.srk, extra)
}

// CertifyToken attests the sign-in key.
func (m *TPM) CertifyToken(extra []byte) (tpmpolicy.Attestation, error) {
	return m.certify(&m.token, extra)
}

func (m *TPM) certify(k *Key, extra []byte) (tpmpolicy.Attestation, error) {
	rsp, err := tpm2.Certify{
		ObjectHandle: k.auth(), SignHandle: m.ak.auth(),
		QualifyingData: tpm2.TPM2BData{Buffer: extra}, InScheme: noScheme(),
	}.Execute(m.t)
	if err != nil {
		return tpmpolicy.Attestation{}, refused("certify a key", err)
	}
	return attestation(rsp.CertifyInfo, rsp.Signature), nil
}

// CertifyCounter attests the grant counter's value.
func (m *TPM) CertifyCounter(extra []byte) (tpmpolicy.Attestation, error) {
	return m.certifyNV(counter(true), extra)
}

// CertifyIndex attests count and limit of a meter. Reading by the owner burns no use.
func (m *TPM) CertifyIndex(x tpmpolicy.Index, extra []byte) (tpmpolicy.Attestation, error) {
	return m.certifyNV(indexHandle(x, true), extra)
}

func (m *TPM) certifyNV(h tpm2.NamedHandle, extra []byte) (tpmpolicy.Attestation, error) {
	rsp, err := tpm2.NVCertify{
		SignHandle: m.ak.auth(), AuthHandle: tpm2.TPMRHOwner, NVIndex: h,
		QualifyingData: tpm2.TPM2BData{Buffer: extra}, InScheme: noScheme(), Size: tpmpolicy.PinSize,
	}.Execute(m.t)
	if err != nil {
		return tpmpolicy.Attestation{}, refused("certify an NV index", err)
	}
	return attestation(rsp.CertifyInfo, rsp.Signature), nil
}

// Time attests the TPM's clock and reset count.
func (m *TPM) Time(extra []byte) (tpmpolicy.Attestation, error) {
	rsp, err := tpm2.GetTime{
		PrivacyAdminHandle: tpm2.TPMRHEndorsement, SignHandle: m.ak.auth(),
		QualifyingData: tpm2.TPM2BData{Buffer: extra}, InScheme: noScheme(),
	}.Execute(m.t)
	if err != nil {
		return tpmpolicy.Attestation{}, refused("attest the time", err)
	}
	return attestation(rsp.TimeInfo, rsp.Signature), nil
}

// Counter reads the grant counter; what others must believe goes through CertifyCounter.
func (m *TPM) Counter() (uint64, error) {
	b, err := m.readNV(counter(true))
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// Increment adds one to the grant counter: it arms a grant and ends all open requests.
func (m *TPM) Increment() error { return increment(m.t, true) }

// readNV reads an 8-byte index by the owner's authorization.
func (m *TPM) readNV(h tpm2.NamedHandle) ([]byte, error) {
	rsp, err := tpm2.NVRead{AuthHandle: tpm2.TPMRHOwner, NVIndex: h, Size: tpmpolicy.PinSize}.Execute(m.t)
	if err != nil {
		return nil, refused("read an NV index", err)
	}
	if len(rsp.Data.Buffer) != tpmpolicy.PinSize {
		return nil, ErrResponse
	}
	return rsp.Data.Buffer, nil
}

func indexHandle(x tpmpolicy.Index, written bool) tpm2.NamedHandle {
	name := x.Name(written)
	return tpm2.NamedHandle{Handle: tpm2.TPMHandle(x.Handle), Name: tpm2.TPM2BName{Buffer: name[:]}}
}
