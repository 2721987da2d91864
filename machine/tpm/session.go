package tpm

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// nonceSize of both sides of a session, bytes: the caller's sets the TPM's.
const nonceSize = 32

// aesKeySize is 128 bits; the IV follows the key in what KDFa gives.
const (
	aesKeySize = 16
	aesIVSize  = 16
)

// Session attribute bits (TPMA_SESSION, Part 2, 8.4).
const (
	continueSession = 1 << 0
	encryptSession  = 1 << 6
)

// Session is a policy session in the TPM. go-tpm has one too, but that one can neither be taken up again by
// another process nor end with its last command; both matter here.
//
// A session made by salted() encrypts the first parameter of responses (AES-128-CFB) under a key that only
// the TPM with the SRK can know: an unsealed secret doesn't cross the bus in the clear.
type Session struct {
	handle      tpm2.TPMHandle
	nonceCaller []byte
	nonceTPM    []byte
	key         []byte
	encrypt     bool
	last        bool
}

var errSessionEnded = errors.New("the session has ended")

// startSession opens a policy session. With srk, it is salted and encrypts responses.
func startSession(t transport.TPM, srk *Key) (*Session, error) {
	s := &Session{nonceCaller: make([]byte, nonceSize), handle: tpm2.TPMRHNull}
	if _, err := rand.Read(s.nonceCaller); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	start := tpm2.StartAuthSession{
		TPMKey:      tpm2.TPMRHNull,
		Bind:        tpm2.TPMRHNull,
		NonceCaller: tpm2.TPM2BNonce{Buffer: s.nonceCaller},
		SessionType: tpm2.TPMSEPolicy,
		Symmetric:   tpm2.TPMTSymDef{Algorithm: tpm2.TPMAlgNull},
		AuthHash:    tpm2.TPMAlgSHA256,
	}
	var salt []byte
	if srk != nil {
		var err error
		if salt, err = s.salt(&start, srk); err != nil {
			return nil, err
		}
	}
	rsp, err := start.Execute(t)
	if err != nil {
		return nil, refused("start a session", err)
	}
	s.handle, s.nonceTPM = tpm2.TPMHandle(rsp.SessionHandle.HandleValue()), rsp.NonceTPM.Buffer
	if salt != nil {
		s.key = tpm2.KDFa(crypto.SHA256, salt, "ATH", s.nonceTPM, s.nonceCaller, sha256.Size*8)
	}
	return s, nil
}

func (s *Session) salt(start *tpm2.StartAuthSession, srk *Key) ([]byte, error) {
	public, err := tpmpolicy.ParseSRK(srk.Public)
	if err != nil {
		return nil, fmt.Errorf("read the storage key: %w", err)
	}
	area := public.StorageArea()
	key, err := tpm2.ImportEncapsulationKey(&area)
	if err != nil {
		return nil, fmt.Errorf("read the storage key: %w", err)
	}
	salt, encrypted, err := tpm2.CreateEncryptedSalt(rand.Reader, key)
	if err != nil {
		return nil, fmt.Errorf("salt a session: %w", err)
	}
	start.TPMKey = srk.handle()
	start.EncryptedSalt = tpm2.TPM2BEncryptedSecret{Buffer: encrypted}
	start.Symmetric = tpm2.TPMTSymDef{
		Algorithm: tpm2.TPMAlgAES,
		KeyBits:   tpm2.NewTPMUSymKeyBits(tpm2.TPMAlgAES, tpm2.TPMKeyBits(aesKeySize*8)),
		Mode:      tpm2.NewTPMUSymMode(tpm2.TPMAlgAES, tpm2.TPMAlgCFB),
	}
	s.encrypt = true
	return salt, nil
}

// ResumeSession takes up an unsalted session that another process of this machine opened since the TPM's last
// reset.
func ResumeSession(handle uint32, nonceTPM []byte) *Session {
	return &Session{handle: tpm2.TPMHandle(handle), nonceTPM: nonceTPM, nonceCaller: make([]byte, nonceSize)}
}

// Nonce is the session's nonceTPM: what custodians sign.
func (s *Session) Nonce() []byte { return s.nonceTPM }

// HandleValue is the session's handle in the TPM.
func (s *Session) HandleValue() uint32 { return uint32(s.handle) }

// End lets the next command that the session authorizes be its last: the TPM then flushes it by itself.
func (s *Session) End() { s.last = true }

// Close flushes the session unless it ended; call it deferred, whatever happens.
func (s *Session) Close(t transport.TPM) error {
	if s.handle == tpm2.TPMRHNull {
		return nil
	}
	_, err := tpm2.FlushContext{FlushHandle: s.handle}.Execute(t)
	s.handle = tpm2.TPMRHNull
	if err != nil {
		return refused("close a session", err)
	}
	return nil
}

// Init does nothing: the session is there.
func (s *Session) Init(transport.TPM) error {
	if s.handle == tpm2.TPMRHNull {
		return errSessionEnded
	}
	return nil
}

// CleanupFailure does nothing: Close does.
func (s *Session) CleanupFailure(transport.TPM) error { return nil }

// NonceTPM is for go-tpm.
func (s *Session) NonceTPM() tpm2.TPM2BNonce { return tpm2.TPM2BNonce{Buffer: s.nonceTPM} }

// NewNonceCaller is for go-tpm: a fresh nonce before each command.
func (s *Session) NewNonceCaller() error {
	_, err := rand.Read(s.nonceCaller)
	return err
}

func (s *Session) attributes() tpm2.TPMASession {
	return tpm2.TPMASession{ContinueSession: !s.last, Encrypt: s.encrypt}
}

// Authorize computes the session's HMAC over a command (Part 1, 19.6). Our policies never ask for an authValue.
func (s *Session) Authorize(cc tpm2.TPMCC, parms, addNonces []byte, names []tpm2.TPM2BName,
	_ int,
) (*tpm2.TPMSAuthCommand, error) {
	if s.handle == tpm2.TPMRHNull {
		return nil, errSessionEnded
	}
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(cc)))
	for _, n := range names {
		h.Write(n.Buffer)
	}
	h.Write(parms)
	a := s.attributes()
	return &tpm2.TPMSAuthCommand{
		Handle:        s.handle,
		Nonce:         tpm2.TPM2BNonce{Buffer: s.nonceCaller},
		Attributes:    a,
		Authorization: tpm2.TPM2BData{Buffer: s.mac(h.Sum(nil), s.nonceCaller, s.nonceTPM, addNonces, a)},
	}, nil
}

// Validate checks the session's HMAC over a response.
func (s *Session) Validate(rc tpm2.TPMRC, cc tpm2.TPMCC, parms []byte, _ []tpm2.TPM2BName, _ int,
	auth *tpm2.TPMSAuthResponse,
) error {
	s.nonceTPM = auth.Nonce.Buffer
	if !auth.Attributes.ContinueSession {
		s.handle = tpm2.TPMRHNull
	}
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(rc)))
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(cc)))
	h.Write(parms)
	want := s.mac(h.Sum(nil), s.nonceTPM, s.nonceCaller, nil, auth.Attributes)
	if !hmac.Equal(want, auth.Authorization.Buffer) {
		return fmt.Errorf("%w: wrong HMAC", ErrResponse)
	}
	return nil
}

func (s *Session) mac(parameterHash, newer, older, addNonces []byte, a tpm2.TPMASession) []byte {
	var bits byte
	if a.ContinueSession {
		bits |= continueSession
	}
	if a.Encrypt {
		bits |= encryptSession
	}
	m := hmac.New(sha256.New, s.key)
	m.Write(parameterHash)
	m.Write(newer)
	m.Write(older)
	m.Write(addNonces)
	m.Write([]byte{bits})
	return m.Sum(nil)
}

// IsEncryption says that responses come encrypted.
func (s *Session) IsEncryption() bool { return s.encrypt }

// IsDecryption says that commands go in the clear.
func (s *Session) IsDecryption() bool { return false }

// Encrypt leaves a command's parameter alone.
func (s *Session) Encrypt([]byte) error { return nil }

// Decrypt decrypts a response's first parameter in place (Part 1, 21.3).
func (s *Session) Decrypt(parameter []byte) error {
	if !s.encrypt {
		return nil
	}
	keyIV := tpm2.KDFa(crypto.SHA256, s.key, "CFB", s.nonceTPM, s.nonceCaller, (aesKeySize+aesIVSize)*8)
	block, err := aes.NewCipher(keyIV[:aesKeySize])
	if err != nil {
		return fmt.Errorf("decrypt a response: %w", err)
	}
	//nolint:staticcheck // SA1019: CFB is what the TPM speaks; the HMAC beside it authenticates.
	cipher.NewCFBDecrypter(block, keyIV[aesKeySize:]).XORKeyStream(parameter, parameter)
	return nil
}

// Handle is for go-tpm.
func (s *Session) Handle() tpm2.TPMHandle { return s.handle }

// restart is TPM2_PolicyRestart (Part 3, 11.2; not in go-tpm): it empties the policy digest of a session in
// which a crashed program left half a policy, and keeps the nonce.
func (s *Session) restart(t transport.TPM) error {
	command := binary.BigEndian.AppendUint16(nil, uint16(tpm2.TPMSTNoSessions))
	command = binary.BigEndian.AppendUint32(command, headerSize+4)
	command = binary.BigEndian.AppendUint32(command, uint32(tpm2.TPMCCPolicyRestart))
	command = binary.BigEndian.AppendUint32(command, uint32(s.handle))
	response, err := t.Send(command)
	if err != nil {
		return fmt.Errorf("restart a policy: %w", err)
	}
	if len(response) < headerSize {
		return fmt.Errorf("restart a policy: %w", ErrResponse)
	}
	if code := tpm2.TPMRC(binary.BigEndian.Uint32(response[6:])); code != tpm2.TPMRCSuccess {
		return refused("restart a policy", code)
	}
	return nil
}
