package activation

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Refusals of activation.
var (
	ErrMalformed = ledger.Refuse(ledger.Invalid, "activation.malformed", "the request is not what its schema says")
	ErrUnknown   = ledger.Refuse(ledger.NotFound, "activation.unknown", "no such activation is open: it was used, or is too old")
	ErrProof     = ledger.Refuse(ledger.Forbidden, "activation.proof", "the credential was not opened by this TPM with this key")
	ErrBusy      = ledger.Refuse(ledger.Limit, "activation.busy", "too many activations are open; try again in a moment")
)

// An activation takes a TPM seconds; five minutes leave room for a slow one. The bound keeps a flood out of memory.
const (
	lifetime = 5 * time.Minute
	maxOpen  = 1024
	maxOfOne = 8 // of one TPM: a machine tries again after a lost answer, but doesn't take everybody's places
)

// Facts are what was checked about a machine when its activation was opened; they hold once the proof came.
type Facts struct {
	EKHash    string
	AK        []byte // TPMT_PUBLIC
	AKName    tpmpolicy.Name
	MachineID string // machine.ID of AK and salt
	Assurance string // class of TPM
	Request   machine.ActivationRequest
}

// Activator holds the open activations of one process. It is safe for concurrent use.
type Activator struct {
	roots Roots
	now   func() time.Time

	mu   sync.Mutex
	open map[string]pending
}

type pending struct {
	facts  Facts
	ek     *rsa.PublicKey
	secret []byte
	until  time.Time
}

// NewActivator makes an activator that trusts these issuers.
func NewActivator(roots Roots, now func() time.Time) *Activator {
	return &Activator{roots: roots, now: now, open: map[string]pending{}}
}

// Check judges a request and opens nothing.
func (a *Activator) Check(request machine.ActivationRequest) (Facts, tpmpolicy.Endorsement, error) {
	none := tpmpolicy.Endorsement{}
	der, err := ledger.Base64(request.EKCertificate)
	if err != nil {
		return Facts{}, none, ErrMalformed.With("ekCertificate")
	}
	raw, err := ledger.Base64(request.AK)
	if err != nil {
		return Facts{}, none, ErrMalformed.With("ak")
	}
	if salt, err := hex.DecodeString(request.Salt); err != nil || len(salt) != 32 || strings.ToLower(request.Salt) != request.Salt {
		return Facts{}, none, ErrMalformed.With("salt")
	}
	ak, err := tpmpolicy.ParseAK(raw)
	if err != nil {
		return Facts{}, none, err
	}
	if der, err = tpmpolicy.TrimCertificate(der); err != nil {
		return Facts{}, none, err
	}
	ek, assurance, err := a.roots.Verify(der, a.now())
	if err != nil {
		return Facts{}, none, err
	}
	name := ak.Name()
	return Facts{
		EKHash: machine.EKHash(request.Salt, der), AK: raw, AKName: name,
		MachineID: machine.ID(name.Hex(), request.Salt), Assurance: assurance, Request: request,
	}, ek, nil
}

// Open makes the credential for checked facts.
func (a *Activator) Open(facts Facts, ek tpmpolicy.Endorsement) (machine.Activation, error) {
	secret, id := make([]byte, 32), make([]byte, 16)
	_, _ = rand.Read(secret) // never fails: crypto/rand
	_, _ = rand.Read(id)
	credential, err := tpmpolicy.MakeCredential(rand.Reader, ek.Key, facts.AKName, secret)
	if err != nil {
		return machine.Activation{}, err
	}
	opened := machine.Activation{
		ID:             hex.EncodeToString(id),
		CredentialBlob: base64.StdEncoding.EncodeToString(credential.Blob),
		Secret:         base64.StdEncoding.EncodeToString(credential.Secret),
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep()
	if len(a.open) >= maxOpen || a.openOf(ek.Key) >= maxOfOne {
		return machine.Activation{}, ErrBusy
	}
	a.open[opened.ID] = pending{facts: facts, ek: ek.Key, secret: secret, until: a.now().Add(lifetime)}
	return opened, nil
}

// openOf counts a TPM's open activations by its key: certificate and salt it could vary.
func (a *Activator) openOf(ek *rsa.PublicKey) int {
	n := 0
	for _, p := range a.open {
		if p.ek.Equal(ek) {
			n++
		}
	}
	return n
}

func (a *Activator) sweep() {
	for id, p := range a.open {
		if a.now().After(p.until) {
			delete(a.open, id)
		}
	}
}

// Prove takes the proof for an activation. Each has one try, right or wrong.
func (a *Activator) Prove(id, proof string) (Facts, error) {
	a.mu.Lock()
	p, ok := a.open[id]
	delete(a.open, id)
	a.mu.Unlock()
	if !ok || a.now().After(p.until) {
		return Facts{}, ErrUnknown.With(clip(id))
	}
	want := machine.Proof(p.secret, id, p.facts.AKName.Hex())
	clear(p.secret)
	if !hmac.Equal([]byte(proof), []byte(want)) {
		return Facts{}, ErrProof
	}
	return p.facts, nil
}

func clip(s string) string { return s[:min(len(s), 40)] }
