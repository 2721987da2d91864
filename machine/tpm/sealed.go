package tpm

import (
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Persistent places for sealed objects: two for each meter, and one for the seed of the runtime's key.
const (
	FirstSealedHandle uint32 = 0x81000200
	lastSealedHandle  uint32 = 0x810003FF
	RuntimeKeyHandle  uint32 = 0x81000103
)

func isSealedPlace(at uint32) bool {
	return at == RuntimeKeyHandle || at >= FirstSealedHandle && at <= lastSealedHandle
}

// ErrBlob says that a sealed secret is not shaped as one.
var ErrBlob = errors.New("the sealed secret is not shaped as one")

// Sealed is a sealed secret that this TPM took in. Its bytes are of use to this TPM alone.
type Sealed struct {
	Public  []byte `json:"public"`  // TPM2B_PUBLIC
	Private []byte `json:"private"` // TPM2B_PRIVATE under the storage root key
	Handle  uint32 `json:"handle"`  // persistent handle; 0 = none, it is loaded for each use
}

// Import takes in a duplication blob made by tpmpolicy.Wrap.
func (m *TPM) Import(b tpmpolicy.Blob) (Sealed, error) {
	public, err := tpm2.Unmarshal[tpm2.TPM2BPublic](b.Public)
	if err != nil {
		return Sealed{}, fmt.Errorf("%w: %w", ErrBlob, err)
	}
	duplicate, err := tpm2.Unmarshal[tpm2.TPM2BPrivate](b.Duplicate)
	if err != nil {
		return Sealed{}, fmt.Errorf("%w: %w", ErrBlob, err)
	}
	seed, err := tpm2.Unmarshal[tpm2.TPM2BEncryptedSecret](b.Seed)
	if err != nil {
		return Sealed{}, fmt.Errorf("%w: %w", ErrBlob, err)
	}
	rsp, err := tpm2.Import{
		ParentHandle: m.srk.auth(), ObjectPublic: *public, Duplicate: *duplicate, InSymSeed: *seed,
		Symmetric: tpm2.TPMTSymDef{Algorithm: tpm2.TPMAlgNull},
	}.Execute(m.t)
	if err != nil {
		return Sealed{}, refused("import a sealed secret", err)
	}
	return Sealed{Public: b.Public, Private: tpm2.Marshal(rsp.OutPrivate)}, nil
}

// Persist keeps a sealed object in the TPM, so that each use saves loading and flushing it. A TPM without
// room says so (kept is false), and the object is loaded for each use instead.
func (m *TPM) Persist(s Sealed, at uint32) (out Sealed, kept bool, err error) {
	if !isSealedPlace(at) {
		return s, false, fmt.Errorf("%w: handle 0x%08x", ErrBlob, at)
	}
	if _, err := (tpm2.ReadPublic{ObjectHandle: tpm2.TPMHandle(at)}).Execute(m.t); err == nil {
		if err := m.Evict(at); err != nil { // an older grant's; its secret is imported again if it is needed
			return s, false, err
		}
	}
	h, err := m.load(s)
	if err != nil {
		return s, false, err
	}
	made, err := persist(m.t, h, tpm2.TPMHandle(at))
	var r *Refused
	if errors.As(err, &r) && errors.Is(r, tpm2.TPMRCNVSpace) {
		return s, false, nil
	}
	if err != nil || !made {
		return s, false, err
	}
	s.Handle = at
	return s, true, nil
}

// Evict drops a persistent sealed object.
func (m *TPM) Evict(at uint32) error {
	if !isSealedPlace(at) {
		return fmt.Errorf("%w: handle 0x%08x", ErrBlob, at)
	}
	h := tpm2.TPMHandle(at)
	rsp, err := tpm2.ReadPublic{ObjectHandle: h}.Execute(m.t)
	if err != nil {
		return refused("find a sealed object", err)
	}
	_, err = tpm2.EvictControl{
		Auth: tpm2.TPMRHOwner, ObjectHandle: tpm2.NamedHandle{Handle: h, Name: rsp.Name}, PersistentHandle: h,
	}.Execute(m.t)
	if err != nil {
		return refused("drop a sealed object", err)
	}
	return nil
}

func (m *TPM) load(s Sealed) (tpm2.NamedHandle, error) {
	public, err := tpm2.Unmarshal[tpm2.TPM2BPublic](s.Public)
	if err != nil {
		return tpm2.NamedHandle{}, fmt.Errorf("%w: %w", ErrBlob, err)
	}
	private, err := tpm2.Unmarshal[tpm2.TPM2BPrivate](s.Private)
	if err != nil {
		return tpm2.NamedHandle{}, fmt.Errorf("%w: %w", ErrBlob, err)
	}
	rsp, err := tpm2.Load{ParentHandle: m.srk.auth(), InPrivate: *private, InPublic: *public}.Execute(m.t)
	if err != nil {
		return tpm2.NamedHandle{}, refused("load a sealed secret", err)
	}
	return tpm2.NamedHandle{Handle: rsp.ObjectHandle, Name: rsp.Name}, nil
}

// Session opens a policy session whose responses are encrypted to this process; close it deferred.
func (m *TPM) Session() (*Session, error) { return startSession(m.t, &m.srk) }

// GrantSession opens a plain policy session whose nonce custodians sign. It outlives the connection, so that
// an agent that crashed can take it up again with ResumeSession, and dies with the TPM's next reset.
func (m *TPM) GrantSession() (*Session, error) { return startSession(m.t, nil) }

// Unseal opens a sealed secret with a session that satisfies its policy.
func (m *TPM) Unseal(s Sealed, session *Session) (secret []byte, err error) {
	sealed, err := tpmpolicy.ParseSealed(s.Public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBlob, err)
	}
	h := tpm2.NamedHandle{Handle: tpm2.TPMHandle(s.Handle), Name: tpm2.TPM2BName{Buffer: sealed.Name[:]}}
	if s.Handle == 0 {
		if h, err = m.load(s); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, flush(m.t, h.Handle)) }()
	}
	rsp, err := tpm2.Unseal{ItemHandle: tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: session}}.Execute(m.t)
	if err != nil {
		return nil, refused("open a sealed secret", err)
	}
	return rsp.OutData.Buffer, nil
}

// CheckCounter is PolicyNV(grant counter >= next) in a session.
func (m *TPM) CheckCounter(session *Session, next uint64) error {
	check := tpmpolicy.CounterCheck(tpmpolicy.CounterName(), next)
	h := counter(true)
	check.AuthHandle = tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: tpm2.PasswordAuth(nil)}
	check.PolicySession = session.handle
	if _, err := check.Execute(m.t); err != nil {
		return refused("check the grant counter", err)
	}
	return nil
}

// Transport is the connection below, for what package meter does beside the keys.
func (m *TPM) Transport() transport.TPM { return m.t }
