package registrar

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/network/partner/activation"
	"github.com/guildmark/guildmark/network/partner/keyfile"
)

// Ledger submits and reads with the registrar's own identity.
type Ledger interface {
	Submit(ctx context.Context, function string, args ...string) (string, error)
	Evaluate(ctx context.Context, function string, args ...string) (string, error)
}

// Settings configure a registrar; all are required except Log and Now.
type Settings struct {
	MSP     string
	Party   string
	State   string   // folder, made if missing
	List    string   // file of the owners' codes
	Lines   []string // product lines that it serves, whose runtime keys it keeps
	Gateway string   // the gateway's URL, handed to machines
	Issuer  string   // the authorization server's URL, handed to machines
	Ledger  Ledger
	Roots   activation.Roots
	Log     *slog.Logger     // nil: discards
	Now     func() time.Time // nil: the system's clock
}

// Registrar serves one manufacturer.
type Registrar struct {
	Settings

	activator *activation.Activator
	codes     Codes
	ready     atomic.Bool // the runtime keys are on the ledger
}

// New makes the state folder. It starts nothing.
func New(s Settings) (*Registrar, error) {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	for _, line := range s.Lines {
		if !consortium.ValidLine(line) {
			return nil, fmt.Errorf("product line: expected letters, digits, hyphens and underscores, got %q", line)
		}
	}
	if len(s.Lines) == 0 {
		return nil, errors.New("product lines: expected at least one, got none")
	}
	for _, dir := range []string{"codes", "runtime"} {
		if err := os.MkdirAll(filepath.Join(s.State, dir), 0o700); err != nil {
			return nil, fmt.Errorf("make the state folder: %w", err)
		}
	}
	return &Registrar{
		Settings: s, activator: activation.NewActivator(s.Roots, s.Now),
		codes: Codes{path: s.List, used: filepath.Join(s.State, "codes")},
	}, nil
}

// retry is the pause between two tries to register a runtime key.
const retry = time.Second

// Run registers the runtime keys of all lines on the ledger and returns when ctx ends. Requests are served
// meanwhile.
func (r *Registrar) Run(ctx context.Context) error {
	for _, line := range r.Lines {
		for _, assurance := range []string{activation.TPM, activation.VTPM} {
			if err := r.persist(ctx, line, assurance); err != nil {
				return err
			}
		}
	}
	r.ready.Store(true)
	<-ctx.Done()
	return nil
}

// persist tries until the key is registered, ctx ends, or trying again is useless.
func (r *Registrar) persist(ctx context.Context, line, assurance string) error {
	for {
		err := r.registerRuntime(ctx, line, assurance)
		if err == nil || errors.Is(err, ErrKeys) || errors.Is(err, host.ErrExposed) ||
			errors.Is(err, keyfile.ErrForm) {
			return err
		}
		r.Log.Warn("runtime key is not registered yet, trying again", slog.String("line", line),
			slog.Any("error", err))
		t := time.NewTimer(retry)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
	}
}

// registerRuntime records one line's public key for one class of machines on the ledger (T13).
func (r *Registrar) registerRuntime(ctx context.Context, line, assurance string) error {
	seed, err := r.runtimeSeed(line, assurance)
	if err != nil {
		return err
	}
	defer clear(seed)
	key, err := sealed.PrivateKey(seed)
	if err != nil {
		return err
	}
	own := consortium.Recipient{
		Format: consortium.RecipientFormat, ID: consortium.RuntimeID(r.MSP, line, assurance),
		Role: consortium.RuntimeRecipient,
		MSP:  r.MSP, Party: r.Party, Version: 1, HPKE: base64.StdEncoding.EncodeToString(key.PublicKey().Bytes()),
		Line: line, Assurance: assurance,
	}
	doc, err := r.Ledger.Evaluate(ctx, "governance:Recipient", own.ID)
	if errors.Is(err, consortium.ErrNoRecipient) {
		_, err = r.Ledger.Submit(ctx, "governance:SetRecipient", string(ledger.Encode(own)))
		return err
	}
	if err != nil {
		return err
	}
	var known consortium.Recipient
	if err := ledger.Decode([]byte(doc), &known); err != nil {
		return err
	}
	if known.HPKE != own.HPKE {
		return ErrKeys.With(own.ID)
	}
	return nil
}

func (r *Registrar) runtimeSeed(line, assurance string) ([]byte, error) {
	return keyfile.Seed(filepath.Join(r.State, "runtime", line+"."+assurance+".seed"), sealed.SeedSize)
}

// Handler serves POST /activations, POST /activations/{id} and GET /healthz.
func (r *Registrar) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter,
		_ *http.Request,
	) {
		w.WriteHeader(activation.Health(r.ready.Load()))
	})
	mux.HandleFunc("POST /activations", func(w http.ResponseWriter, q *http.Request) {
		a, err := r.open(w, q)
		if err != nil {
			activation.Problem(w, r.Log, err)
			return
		}
		activation.Write(w, http.StatusCreated, a)
	})
	mux.HandleFunc("POST /activations/{id}", func(w http.ResponseWriter, q *http.Request) {
		e, err := r.enroll(w, q)
		if err != nil {
			activation.Problem(w, r.Log, err)
			return
		}
		activation.Write(w, http.StatusOK, e)
	})
	return mux
}

// open checks code, certificate and attestation key, then makes a credential.
func (r *Registrar) open(w http.ResponseWriter, q *http.Request) (machine.Activation, error) {
	var request machine.ActivationRequest
	if err := activation.Read(w, q, &request); err != nil {
		return machine.Activation{}, err
	}
	if request.Machine != "" {
		return machine.Activation{}, activation.ErrMalformed.With("machine")
	}
	if _, err := r.codes.find(request.Code); err != nil {
		return machine.Activation{}, err
	}
	facts, ek, err := r.activator.Check(request)
	if err != nil {
		return machine.Activation{}, err
	}
	return r.activator.Open(facts, ek)
}

// enroll ends an enrollment: proof -> certified keys -> code -> record on the ledger -> hand-over.
func (r *Registrar) enroll(w http.ResponseWriter, q *http.Request) (machine.Enrolled, error) {
	var request machine.EnrollmentRequest
	if err := activation.Read(w, q, &request); err != nil {
		return machine.Enrolled{}, err
	}
	facts, err := r.activator.Prove(q.PathValue("id"), request.Proof)
	if err != nil {
		return machine.Enrolled{}, err
	}
	m, err := certified(facts, request, q.PathValue("id"))
	if err != nil {
		return machine.Enrolled{}, err
	}
	entry, err := r.codes.find(facts.Request.Code)
	if err != nil {
		return machine.Enrolled{}, err
	}
	if entry.Line != m.Line || !slices.Contains(r.Lines, m.Line) {
		return machine.Enrolled{}, ErrCode.With("line " + m.Line)
	}
	if err := r.codes.use(entry, m.ID); err != nil {
		return machine.Enrolled{}, err
	}
	m.Owner = entry.Owner
	if m, err = r.record(q.Context(), m); err != nil {
		return machine.Enrolled{}, err
	}
	r.Log.Info("enrolled", slog.String("machine", m.ID), slog.String("owner", m.Owner),
		slog.String("assurance", m.Assurance))
	return r.handOver(q.Context(), m)
}

// certified verifies what the attestation key certified and makes the machine's record from it.
func certified(f activation.Facts, request machine.EnrollmentRequest, id string) (machine.Machine, error) {
	srk, err := ledger.Base64(request.SRK)
	if err != nil {
		return machine.Machine{}, activation.ErrMalformed.With("srk")
	}
	token, err := ledger.Base64(request.Token)
	if err != nil {
		return machine.Machine{}, activation.ErrMalformed.With("token")
	}
	signer, err := tpmpolicy.NewSigner(f.AK, srk)
	if err != nil {
		return machine.Machine{}, err
	}
	extra := machine.ActivationDigest(id, f.AKName.Hex())
	for _, step := range []struct {
		from  machine.Attestation
		check func(tpmpolicy.Attestation) error
	}{
		{request.SRKCertify, func(a tpmpolicy.Attestation) error { return signer.CertifySRK(a, extra) }},
		{request.TokenCertify, func(a tpmpolicy.Attestation) error {
			_,
				err := signer.CertifyToken(a, token, extra)
			return err
		}},
		{request.CounterCertify, func(a tpmpolicy.Attestation) error {
			_, err := signer.Counter(a, tpmpolicy.CounterName(), extra)
			return err
		}},
	} {
		a, err := grant.Decode(step.from)
		if err != nil {
			return machine.Machine{}, activation.ErrMalformed.With("attestation")
		}
		if err := step.check(a); err != nil {
			return machine.Machine{}, err
		}
	}
	if request.Counter != tpmpolicy.CounterName().Hex() {
		return machine.Machine{}, ErrEnrollment.With("counter")
	}
	return machine.Machine{
		Format: machine.Format, ID: f.MachineID, EKHash: f.EKHash, AK: f.Request.AK, SRK: request.SRK,
		Token:   request.Token,
		Counter: request.Counter, Line: request.Line, Assurance: f.Assurance,
	}, nil
}

// shardTries bounds how often a taken shard is drawn anew: with a million machines one draw in 2,000 is taken.
const shardTries = 5

// record registers the machine. Where the same machine with the same keys and owner is recorded, it returns
// that record.
func (r *Registrar) record(ctx context.Context, m machine.Machine) (machine.Machine, error) {
	var err error
	for range shardTries {
		var raw [4]byte
		_, _ = rand.Read(raw[:]) // never fails: crypto/rand
		m.Shard = binary.BigEndian.Uint32(raw[:]) & machine.MaxShard
		var doc string
		doc, err = r.Ledger.Submit(ctx, "machines:Register", string(ledger.Encode(m)))
		if errors.Is(err, machine.ErrShard) {
			continue
		}
		if errors.Is(err, machine.ErrKnown) {
			return r.known(ctx, m)
		}
		if err != nil {
			return machine.Machine{}, err
		}
		var recorded machine.Machine
		return recorded, ledger.Decode([]byte(doc), &recorded)
	}
	return machine.Machine{}, err
}

func (r *Registrar) known(ctx context.Context, m machine.Machine) (machine.Machine, error) {
	doc, err := r.Ledger.Evaluate(ctx, "machines:Get", m.ID)
	if err != nil {
		return machine.Machine{}, err
	}
	var there machine.Machine
	if err := ledger.Decode([]byte(doc), &there); err != nil {
		return machine.Machine{}, err
	}
	m.Shard, m.Registrar, m.Epoch = there.Shard, there.Registrar, there.Epoch
	if m != there {
		return machine.Machine{}, machine.ErrKnown.With(m.ID)
	}
	return there, nil
}

// handOver wraps the runtime's key to the machine's TPM and adds the trust bundle.
func (r *Registrar) handOver(ctx context.Context, m machine.Machine) (machine.Enrolled, error) {
	doc, err := r.Ledger.Evaluate(ctx, "governance:Bundle", "")
	if err != nil {
		return machine.Enrolled{}, err
	}
	var bundle consortium.SignedBundle
	if err := ledger.Decode([]byte(doc), &bundle); err != nil {
		return machine.Enrolled{}, err
	}
	key, err := r.wrapRuntime(m)
	if err != nil {
		return machine.Enrolled{}, err
	}
	return machine.Enrolled{
		Machine: m, Bundle: bundle.Bundle, BundleSignatures: bundle.Signatures, RuntimeKey: key,
		Recipient: consortium.RuntimeID(r.MSP, m.Line, m.Assurance), Gateway: r.Gateway, Issuer: r.Issuer,
	}, nil
}

// wrapRuntime wraps the line's seed to the storage root key. Its policy is empty: only this TPM, not cleared
// since, can unwrap it, and nothing more is asked.
func (r *Registrar) wrapRuntime(m machine.Machine) (machine.SealedKey, error) {
	seed, err := r.runtimeSeed(m.Line, m.Assurance)
	if err != nil {
		return machine.SealedKey{}, err
	}
	defer clear(seed)
	srk, err := ledger.Base64(m.SRK)
	if err != nil {
		return machine.SealedKey{}, activation.ErrMalformed.With("srk")
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, seed, srk, tpmpolicy.Digest{})
	if err != nil {
		return machine.SealedKey{}, err
	}
	text := base64.StdEncoding.EncodeToString
	return machine.SealedKey{Public: text(blob.Public), Duplicate: text(blob.Duplicate), Seed: text(blob.Seed)}, nil
}
