package tpm

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Persistent handles. The storage root key and the RSA endorsement key stand where the TCG puts them (TPM v2.0
// Provisioning Guidance, 7.8); the others are places of ours in the owner's range.
const (
	srkHandle   tpm2.TPMHandle = 0x81000001
	ekHandle    tpm2.TPMHandle = 0x81010001
	akHandle    tpm2.TPMHandle = 0x81000101
	tokenHandle tpm2.TPMHandle = 0x81000102
)

// Errors about what is in the TPM already.
var (
	ErrNotProvisioned = errors.New("the TPM holds no Guildmark keys")
	ErrForeignKey     = errors.New("a place in the TPM is taken by another key")
	ErrForeignCounter = errors.New("the grant counter's place is taken by another NV index")
)

// Key is a key that lives in the TPM.
type Key struct {
	Public []byte // TPMT_PUBLIC
	at     tpm2.TPMHandle
	name   tpmpolicy.Name
}

func (k *Key) handle() tpm2.NamedHandle {
	return tpm2.NamedHandle{Handle: k.at, Name: tpm2.TPM2BName{Buffer: k.name[:]}}
}

// auth is the handle with the key's empty authorization.
func (k *Key) auth() tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: k.at, Name: tpm2.TPM2BName{Buffer: k.name[:]}, Auth: tpm2.PasswordAuth(nil)}
}

// Name is the key's Name.
func (k *Key) Name() tpmpolicy.Name { return k.name }

// Keys are the public areas of a provisioned TPM: what a program keeps so that it needn't ask again.
type Keys struct {
	SRK   []byte `json:"srk"`
	AK    []byte `json:"ak"`
	Token []byte `json:"token"`
}

// TPM is a provisioned TPM.
type TPM struct {
	t     transport.TPM
	srk   Key
	ak    Key
	token Key
}

// Keys are the public areas.
func (m *TPM) Keys() Keys { return Keys{SRK: m.srk.Public, AK: m.ak.Public, Token: m.token.Public} }

// AKName is the Name that credentials are made for.
func (m *TPM) AKName() tpmpolicy.Name { return m.ak.name }

// SRKName is the Name of the storage root key.
func (m *TPM) SRKName() tpmpolicy.Name { return m.srk.name }

// Attach uses a TPM whose keys are known, without asking it anything.
func Attach(t transport.TPM, keys Keys) (*TPM, error) {
	m := &TPM{t: t}
	for _, k := range []struct {
		to    *Key
		from  []byte
		at    tpm2.TPMHandle
		parse func([]byte) (tpmpolicy.Public, error)
	}{
		{&m.srk, keys.SRK, srkHandle, tpmpolicy.ParseSRK},
		{&m.ak, keys.AK, akHandle, tpmpolicy.ParseAK},
		{&m.token, keys.Token, tokenHandle, tpmpolicy.ParseToken},
	} {
		p, err := k.parse(k.from)
		if err != nil {
			return nil, fmt.Errorf("key at 0x%08x: %w", uint32(k.at), err)
		}
		*k.to = Key{Public: p.Bytes(), at: k.at, name: p.Name()}
	}
	return m, nil
}

// Open uses a provisioned TPM and asks it for its keys and its counter.
func Open(t transport.TPM) (*TPM, error) {
	var keys Keys
	for _, k := range []struct {
		to *[]byte
		at tpm2.TPMHandle
	}{{&keys.SRK, srkHandle}, {&keys.AK, akHandle}, {&keys.Token, tokenHandle}} {
		public, err := readPublic(t, k.at)
		if err != nil {
			return nil, err
		}
		if public == nil {
			return nil, ErrNotProvisioned
		}
		*k.to = public
	}
	written, err := counterState(t)
	if err != nil {
		return nil, err
	}
	if !written {
		return nil, ErrNotProvisioned
	}
	return Attach(t, keys)
}

// readPublic is the TPMT_PUBLIC at a persistent handle; nil when nothing is there.
func readPublic(t transport.TPM, at tpm2.TPMHandle) ([]byte, error) {
	rsp, err := tpm2.ReadPublic{ObjectHandle: at}.Execute(t)
	if errors.Is(err, tpm2.TPMRCHandle) {
		return nil, nil
	}
	if err != nil {
		return nil, refused("read a public area", err)
	}
	return rsp.OutPublic.Bytes(), nil
}

// Provision makes the keys and the counter that are missing and leaves alone those that are there: run again,
// also after a crash between any two steps, it ends with the same Names. If the TPM is full of what a crashed
// program left loaded, that is swept away, except the sessions named.
func Provision(t transport.TPM, keep ...uint32) (*TPM, error) {
	m, err := provision(t)
	var r *Refused
	if errors.As(err, &r) && r.IsMemory() {
		if err := Sweep(t, keep...); err != nil {
			return nil, err
		}
		m, err = provision(t)
	}
	return m, err
}

func provision(t transport.TPM) (*TPM, error) {
	srk, fresh, err := provisionSRK(t)
	if err != nil {
		return nil, err
	}
	ak, err := provisionChild(t, srk, akHandle, true, fresh)
	if err != nil {
		return nil, err
	}
	token, err := provisionChild(t, srk, tokenHandle, false, fresh)
	if err != nil {
		return nil, err
	}
	if err := provisionCounter(t); err != nil {
		return nil, err
	}
	return Attach(t, Keys{SRK: srk.Public, AK: ak, Token: token})
}

// provisionSRK makes the storage root key again from the owner's seed, always the same one, and persists it.
// fresh means that it wasn't there: then nothing of ours is.
func provisionSRK(t transport.TPM) (srk *Key, fresh bool, err error) {
	rsp, err := tpm2.CreatePrimary{
		PrimaryHandle: tpm2.TPMRHOwner,
		InPublic:      tpm2.New2B(tpm2.ECCSRKTemplate),
	}.Execute(t)
	if err != nil {
		return nil, false, refused("make the storage root key", err)
	}
	public := rsp.OutPublic.Bytes()
	p, err := tpmpolicy.ParseSRK(public)
	if err != nil {
		return nil, false, errors.Join(err, flush(t, rsp.ObjectHandle))
	}
	srk = &Key{Public: public, at: srkHandle, name: p.Name()}
	made, err := persist(t, tpm2.NamedHandle{Handle: rsp.ObjectHandle, Name: rsp.Name}, srkHandle)
	if err != nil || made {
		return srk, made, err
	}
	there, err := readPublic(t, srkHandle)
	if err != nil {
		return nil, false, err
	}
	if !bytes.Equal(there, public) {
		return nil, false, fmt.Errorf("%w: storage root key at 0x%08x", ErrForeignKey, uint32(srkHandle))
	}
	return srk, false, nil
}

// provisionChild makes a signing key under the storage root key unless a proper one is at the handle.
func provisionChild(t transport.TPM, srk *Key, at tpm2.TPMHandle, restricted, fresh bool) ([]byte, error) {
	parse := tpmpolicy.ParseToken
	if restricted {
		parse = tpmpolicy.ParseAK
	}
	if !fresh {
		there, err := readPublic(t, at)
		if err != nil {
			return nil, err
		}
		if there != nil {
			if _, err := parse(there); err != nil {
				return nil, fmt.Errorf("%w: 0x%08x: %w", ErrForeignKey, uint32(at), err)
			}
			return there, nil
		}
	}
	template := tpmpolicy.SigningTemplate(restricted)
	rsp, err := tpm2.CreateLoaded{ParentHandle: srk.auth(), InPublic: tpm2.New2BTemplate(&template)}.Execute(t)
	if err != nil {
		return nil, refused("make a signing key", err)
	}
	made, err := persist(t, tpm2.NamedHandle{Handle: rsp.ObjectHandle, Name: rsp.Name}, at)
	if err != nil {
		return nil, err
	}
	if !made {
		return nil, fmt.Errorf("%w: 0x%08x", ErrForeignKey, uint32(at))
	}
	return rsp.OutPublic.Bytes(), nil
}

// persist keeps a loaded object at a handle and flushes the loaded copy; made is false when the handle is
// taken.
func persist(t transport.TPM, object tpm2.NamedHandle, at tpm2.TPMHandle) (made bool, err error) {
	_, err = tpm2.EvictControl{
		Auth: tpm2.TPMRHOwner, ObjectHandle: object, PersistentHandle: at,
	}.Execute(t)
	taken := errors.Is(err, tpm2.TPMRCNVDefined)
	if taken {
		err = nil
	}
	if err != nil {
		err = refused("persist an object", err)
	}
	return err == nil && !taken, errors.Join(err, flush(t, object.Handle))
}

// flush drops a loaded object.
func flush(t transport.TPM, h tpm2.TPMHandle) error {
	if _, err := (tpm2.FlushContext{FlushHandle: h}).Execute(t); err != nil {
		return refused("flush an object", err)
	}
	return nil
}

// provisionCounter defines the grant counter and increments it once, so that it can be read and attested.
func provisionCounter(t transport.TPM) error {
	_, err := tpm2.NVDefineSpace{
		AuthHandle: tpm2.TPMRHOwner, PublicInfo: tpm2.New2B(tpmpolicy.CounterPublic(false)),
	}.Execute(t)
	if errors.Is(err, tpm2.TPMRCNVDefined) {
		written, err := counterState(t)
		if err != nil || written {
			return err
		}
	} else if err != nil {
		return refused("define the grant counter", err)
	}
	return increment(t, false)
}

// counterState tells whether our counter, and no other index, is at its handle and was incremented.
func counterState(t transport.TPM) (written bool, err error) {
	rsp, err := tpm2.NVReadPublic{NVIndex: tpm2.TPMHandle(tpmpolicy.CounterHandle)}.Execute(t)
	if errors.Is(err, tpm2.TPMRCHandle) {
		return false, nil
	}
	if err != nil {
		return false, refused("read the grant counter's public area", err)
	}
	switch there := rsp.NVPublic.Bytes(); {
	case bytes.Equal(there, tpm2.Marshal(tpmpolicy.CounterPublic(true))):
		return true, nil
	case bytes.Equal(there, tpm2.Marshal(tpmpolicy.CounterPublic(false))):
		return false, nil
	default:
		return false, ErrForeignCounter
	}
}

// increment adds one to the grant counter; its Name depends on whether that happened before.
func increment(t transport.TPM, written bool) error {
	h := counter(written)
	_, err := tpm2.NVIncrement{
		AuthHandle: tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: tpm2.PasswordAuth(nil)}, NVIndex: h,
	}.Execute(t)
	if err != nil {
		return refused("increment the grant counter", err)
	}
	return nil
}

// counter is the grant counter's handle.
func counter(written bool) tpm2.NamedHandle {
	name := tpmpolicy.UnwrittenCounterName()
	if written {
		name = tpmpolicy.CounterName()
	}
	return tpm2.NamedHandle{Handle: tpm2.TPMHandle(tpmpolicy.CounterHandle), Name: tpm2.TPM2BName{Buffer: name[:]}}
}
