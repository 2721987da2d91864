package tpm

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// ekCertificateIndex holds the DER certificate of the RSA 2048 endorsement key (TCG EK Credential Profile,
// 2.2.1.4).
const ekCertificateIndex tpm2.TPMHandle = 0x01c00002

// nvChunk is what one NV_Read takes: every TPM's NV buffer has at least 512 bytes.
const nvChunk = 512

// maxCertificate bounds what we read of an index that claims to be a certificate, bytes.
const maxCertificate = 4096

// Errors about the endorsement key.
var (
	ErrNoEndorsement = errors.New("the TPM holds no certificate for an RSA endorsement key")
	ErrEndorsement   = errors.New("the TPM's endorsement key is not the one in its certificate")
	ErrCredential    = errors.New("the credential is not shaped as one")
)

// EKCertificate reads the endorsement key certificate, DER without padding.
func EKCertificate(t transport.TPM) ([]byte, error) {
	first, err := readCertificate(t, nvChunk, 0)
	if err != nil {
		return nil, err
	}
	size, err := tpmpolicy.CertificateSize(first)
	if err != nil {
		return nil, fmt.Errorf("read the endorsement key certificate: %w", err)
	}
	if size > maxCertificate {
		return nil, fmt.Errorf("read the endorsement key certificate: %w: %d bytes", ErrResponse, size)
	}
	der := first
	for len(der) < size {
		//nolint:gosec // G115: both are at most maxCertificate.
		more, err := readCertificate(t, uint16(min(nvChunk, size-len(der))), uint16(len(der)))
		if err != nil {
			return nil, err
		}
		der = append(der, more...)
	}
	return der[:size], nil
}

// readCertificate reads a part. The owner may read the index, so its Name need not be known: a password
// authorization doesn't cover Names.
func readCertificate(t transport.TPM, size, offset uint16) ([]byte, error) {
	rsp, err := tpm2.NVRead{
		AuthHandle: tpm2.TPMRHOwner,
		NVIndex:    tpm2.NamedHandle{Handle: ekCertificateIndex},
		Size:       size,
		Offset:     offset,
	}.Execute(t)
	switch {
	case errors.Is(err, tpm2.TPMRCHandle):
		return nil, ErrNoEndorsement
	case err != nil:
		return nil, refused("read the endorsement key certificate", err)
	case len(rsp.Data.Buffer) != int(size):
		return nil, fmt.Errorf("read the endorsement key certificate: %w", ErrResponse)
	}
	return rsp.Data.Buffer, nil
}

// Activate recovers the secret of a credential that was made for this TPM's EK and the Name of its AK, which
// proves to its maker that both live in one TPM (T14).
func (m *TPM) Activate(ek *rsa.PublicKey, c tpmpolicy.Credential) (secret []byte, err error) {
	blob, err := tpm2.Unmarshal[tpm2.TPM2BIDObject](c.Blob)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	encrypted, err := tpm2.Unmarshal[tpm2.TPM2BEncryptedSecret](c.Secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCredential, err)
	}
	key, done, err := m.endorsementKey(ek)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	session, err := startSession(m.t, &m.srk)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close(m.t)) }()
	_, err = tpm2.PolicySecret{AuthHandle: tpm2.TPMRHEndorsement, PolicySession: session.handle}.Execute(m.t)
	if err != nil {
		return nil, refused("authorize the endorsement key", err)
	}
	session.End()
	rsp, err := tpm2.ActivateCredential{
		ActivateHandle: m.ak.auth(),
		KeyHandle:      tpm2.AuthHandle{Handle: key.Handle, Name: key.Name, Auth: session},
		CredentialBlob: *blob,
		Secret:         *encrypted,
	}.Execute(m.t)
	if err != nil {
		return nil, refused("activate a credential", err)
	}
	return rsp.CertInfo.Buffer, nil
}

// endorsementKey finds the persistent EK or makes it again from its template, and compares it with the
// certificate's key: a persistent handle alone proves nothing.
func (m *TPM) endorsementKey(ek *rsa.PublicKey) (key tpm2.NamedHandle, done func() error, err error) {
	area := tpmpolicy.EKPublic(ek)
	want := tpm2.Marshal(area)
	name, err := tpm2.ObjectName(&area)
	if err != nil {
		return key, nil, fmt.Errorf("name the endorsement key: %w", err)
	}
	there, err := readPublic(m.t, ekHandle)
	if err != nil {
		return key, nil, err
	}
	if bytes.Equal(there, want) {
		return tpm2.NamedHandle{Handle: ekHandle, Name: *name}, func() error { return nil }, nil
	}
	rsp, err := tpm2.CreatePrimary{
		PrimaryHandle: tpm2.TPMRHEndorsement, InPublic: tpm2.New2B(tpm2.RSAEKTemplate),
	}.Execute(m.t)
	if err != nil {
		return key, nil, refused("make the endorsement key", err)
	}
	done = func() error { return flush(m.t, rsp.ObjectHandle) }
	if !bytes.Equal(rsp.OutPublic.Bytes(), want) {
		return key, nil, errors.Join(ErrEndorsement, done())
	}
	return tpm2.NamedHandle{Handle: rsp.ObjectHandle, Name: *name}, done, nil
}
