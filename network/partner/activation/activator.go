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
	// ErrMalformed means that a field of the request (Saw) is not of its documented form. Mend the client.
	ErrMalformed = ledger.Refuse(ledger.Invalid, "activation.malformed",
		"a field of the request is not of its documented form")
	// ErrUnknown means that the activation was proven or refused before, or is older than five minutes. Open a
	// new one.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "activation.unknown",
		"no activation of this id is open: it was used, or is older than five minutes; open a new one")
	// ErrProof means that the proof does not match: another TPM opened the credential, or the attestation key
	// is another. Open a new one.
	ErrProof = ledger.Refuse(ledger.Forbidden, "activation.proof",
		"the proof does not show that this TPM opened the credential with this attestation key")
	// ErrBusy means that as many activations are open as may be, of this TPM or of all. Try again after some
	// seconds.
	ErrBusy = ledger.Refuse(ledger.Limit, "activation.busy",
		"too many activations are open; try again after some seconds")
)

// A TPM takes seconds for an activation; five minutes leave room for a slow one. The bounds limit memory.
const (
	lifetime = 5 * time.Minute
	maxOpen  = 1024
	maxOfOne = 8 // of one TPM: a machine tries again after a lost response, but can't use up all places
)

// Facts are what was checked about a machine when its activation was opened. They are proven once the proof
// was checked.
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

// NewActivator makes an activator that trusts the given issuers.
func NewActivator(roots Roots, now func() time.Time) *Activator {
	return &Activator{roots: roots, now: now, open: map[string]pending{}}
}

// Check verifies a request without opening an activation.
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
	if salt, err := hex.DecodeString(request.Salt); err != nil || len(salt) != 32 ||
		strings.ToLower(request.Salt) != request.Salt {
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

// Open makes a credential for checked facts and keeps the activation open for five minutes.
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

// openOf counts the open activations of a TPM by its endorsement key; certificate and salt could be varied.
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

// Prove checks the proof for an activation. Each activation has one try, right or wrong.
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
