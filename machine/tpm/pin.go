package tpm

import (
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// ErrLimitSignature says that a custodian's signature is not DER; whether it is good, the TPM judges.
var ErrLimitSignature = errors.New("a limit's signature is not DER")

// IndexState says what is at a meter's NV handle.
type IndexState int

// What can be at a meter's handle.
const (
	IndexAbsent IndexState = iota
	IndexForeign
	IndexUnwritten
	IndexWritten
)

// IndexState compares what is at the handle with the meter's index: by Name, so handle, attributes and policy
// count.
func (m *TPM) IndexState(x tpmpolicy.Index) (IndexState, error) {
	rsp, err := tpm2.NVReadPublic{NVIndex: tpm2.TPMHandle(x.Handle)}.Execute(m.t)
	if errors.Is(err, tpm2.TPMRCHandle) {
		return IndexAbsent, nil
	}
	if err != nil {
		return IndexAbsent, refused("read a meter's public area", err)
	}
	unwritten, written := x.Name(false), x.Name(true)
	switch string(rsp.NVName.Buffer) {
	case string(unwritten[:]):
		return IndexUnwritten, nil
	case string(written[:]):
		return IndexWritten, nil
	default:
		return IndexForeign, nil
	}
}

// DefineIndex makes a meter's index. It counts nothing until two custodians write a limit into it.
func (m *TPM) DefineIndex(x tpmpolicy.Index) error {
	_, err := tpm2.NVDefineSpace{AuthHandle: tpm2.TPMRHOwner, PublicInfo: tpm2.New2B(x.Public(false))}.Execute(m.t)
	if err != nil {
		return refused("define a meter", err)
	}
	return nil
}

// UndefineIndex destroys a meter with the uses that are left: for a closed one.
func (m *TPM) UndefineIndex(x tpmpolicy.Index, written bool) error {
	_, err := tpm2.NVUndefineSpace{AuthHandle: tpm2.TPMRHOwner, NVIndex: indexHandle(x, written)}.Execute(m.t)
	if err != nil {
		return refused("undefine a meter", err)
	}
	return nil
}

// ReadIndex reads count and limit; what others must believe goes through CertifyIndex.
func (m *TPM) ReadIndex(x tpmpolicy.Index) (tpmpolicy.Pin, error) {
	b, err := m.readNV(indexHandle(x, true))
	if err != nil {
		return tpmpolicy.Pin{}, err
	}
	return tpmpolicy.Pin{Count: binary.BigEndian.Uint32(b), Limit: binary.BigEndian.Uint32(b[4:])}, nil
}

// BurnUse is PolicySecret(index) in a session: it counts one use, whatever happens afterwards.
func (m *TPM) BurnUse(session *Session, x tpmpolicy.Index, meter tpmpolicy.MeterID) error {
	h := indexHandle(x, true)
	_, err := tpm2.PolicySecret{
		AuthHandle:    tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: tpm2.PasswordAuth(nil)},
		PolicySession: session.handle,
		PolicyRef:     tpm2.TPM2BNonce{Buffer: meter[:]},
	}.Execute(m.t)
	if err != nil {
		return refused("burn a use", err)
	}
	return nil
}

// SignedLimit is a limit with the signatures of two custodians over one session's nonce.
type SignedLimit struct {
	Write      tpmpolicy.Write
	Meter      tpmpolicy.MeterID
	Keys       [2]*ecdsa.PublicKey
	Signatures [2][]byte          // DER
	Branches   []tpmpolicy.Digest // of the whole custodian set; one: no PolicyOR
}

// WriteLimit writes a limit in the session that its custodians signed for, and ends the session. After a
// refusal the session still waits for better signatures.
func (m *TPM) WriteLimit(session *Session, l SignedLimit) error {
	cp, err := l.Write.CPHash()
	if err != nil {
		return err
	}
	if err := session.restart(m.t); err != nil {
		return err
	}
	for i, k := range l.Keys {
		if err := m.policySigned(session, k, l.Signatures[i], cp, l.Meter); err != nil {
			return err
		}
	}
	if len(l.Branches) > 1 {
		_, err := tpm2.PolicyOr{
			PolicySession: session.handle,
			PHashList:     tpmpolicy.DigestList(l.Branches),
		}.Execute(m.t)
		if err != nil {
			return refused("choose the custodian pair", err)
		}
	}
	session.End()
	if _, err := l.Write.Command(session).Execute(m.t); err != nil {
		return refused("write a limit", err)
	}
	return nil
}

// policySigned shows one custodian's signature to the TPM.
func (m *TPM) policySigned(session *Session, key *ecdsa.PublicKey, der []byte, cp tpmpolicy.Digest,
	meter tpmpolicy.MeterID,
) (err error) {
	area, err := tpmpolicy.CustodianPublic(key)
	if err != nil {
		return err
	}
	signature, err := readDER(der)
	if err != nil {
		return err
	}
	loaded, err := tpm2.LoadExternal{InPublic: tpm2.New2B(area), Hierarchy: tpm2.TPMRHNull}.Execute(m.t)
	if err != nil {
		return refused("load a custodian's key", err)
	}
	defer func() { err = errors.Join(err, flush(m.t, loaded.ObjectHandle)) }()
	_, err = tpm2.PolicySigned{
		AuthObject:    tpm2.NamedHandle{Handle: loaded.ObjectHandle, Name: loaded.Name},
		PolicySession: session.handle,
		NonceTPM:      tpm2.TPM2BNonce{Buffer: session.nonceTPM},
		CPHashA:       tpm2.TPM2BDigest{Buffer: cp[:]},
		PolicyRef:     tpm2.TPM2BNonce{Buffer: meter[:]},
		Auth:          signature,
	}.Execute(m.t)
	if err != nil {
		return refused("check a custodian's signature", err)
	}
	return nil
}

func readDER(der []byte) (tpm2.TPMTSignature, error) {
	var v struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &v)
	if err != nil || len(rest) != 0 || v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.BitLen() > 256 ||
		v.S.BitLen() > 256 {
		return tpm2.TPMTSignature{}, fmt.Errorf("%w: %d bytes", ErrLimitSignature, len(der))
	}
	return tpm2.TPMTSignature{
		SigAlg: tpm2.TPMAlgECDSA,
		Signature: tpm2.NewTPMUSignature(tpm2.TPMAlgECDSA, &tpm2.TPMSSignatureECC{
			Hash:       tpm2.TPMAlgSHA256,
			SignatureR: tpm2.TPM2BECCParameter{Buffer: v.R.FillBytes(make([]byte, 32))},
			SignatureS: tpm2.TPM2BECCParameter{Buffer: v.S.FillBytes(make([]byte, 32))},
		}),
	}, nil
}
