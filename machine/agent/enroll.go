package agent

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/tpm"
)

const enrollmentFile = "enrollment.json"

// Refusals of enrollment.
var (
	ErrNotEnrolled = ledger.Refuse(ledger.NotFound, "machine.not_enrolled", "this machine is not enrolled: run `machine enroll`")
	ErrOtherTPM    = ledger.Refuse(ledger.Forbidden, "license.machine", "the state folder belongs to a machine with another TPM")
	ErrRecord      = ledger.Refuse(ledger.Forbidden, "machine.record", "the registrar's record is not of this machine")
	ErrBundlePin   = ledger.Refuse(ledger.Forbidden, "machine.bundle", "the registrar's trust bundle is not the one in the configuration")
)

// Enrollment is what the machine knows of itself; secrets stay in the TPM.
type Enrollment struct {
	Format     string          `json:"format"` // "guildmark/enrollment/1"
	Salt       string          `json:"salt"`   // drawn once: part of the machine's id
	Machine    machine.Machine `json:"machine"`
	Keys       tpm.Keys        `json:"keys"`
	RuntimeKey tpm.Sealed      `json:"runtimeKey"`
	Recipient  string          `json:"recipient"`  // id under which datasets are sealed for this machine's runtime
	Bundle     int64           `json:"bundle"`     // sequence of the trust bundle in force
	Custodians []string        `json:"custodians"` // MSPs that activated this machine themselves
}

// enrollment is the record of a machine that a registrar has accepted.
func (a *Agent) enrollment() (Enrollment, error) {
	e, err := loadEnrollment(a.store)
	if err == nil && e.Machine.ID == "" {
		err = ErrNotEnrolled
	}
	return e, err
}

func loadEnrollment(s *folder.Folder) (Enrollment, error) {
	var e Enrollment
	err := s.Load(enrollmentFile, &e)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotEnrolled
	}
	return e, err
}

// Enroll makes the machine known; code is the one-time code that its owner got from the registrar's partner: draw salt -> make keys -> registrar activates -> each custodian activates. Run again, it
// goes on where it stopped.
func (a *Agent) Enroll(ctx context.Context, code string) (e Enrollment, err error) {
	e, err = a.drawSalt()
	if err != nil {
		return e, err
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	certificate, err := tpm.EKCertificate(conn)
	if err != nil {
		return e, err
	}
	a.say("keys", "making the keys that stay in the TPM")
	m, err := tpm.Provision(conn)
	if err != nil {
		return e, err
	}
	p := &applicant{Agent: a, tpm: m, certificate: certificate, code: code, record: e}
	if e.Machine.ID == "" {
		if err := p.register(ctx); err != nil {
			return p.record, err
		}
	} else if !slices.Equal(e.Keys.AK, m.Keys().AK) {
		return e, ErrOtherTPM
	}
	err = p.custodians(ctx)
	return p.record, err
}

// drawSalt journals the salt before anybody hears it: the same salt gives the same machine id after a crash.
func (a *Agent) drawSalt() (Enrollment, error) {
	e, err := loadEnrollment(a.store)
	if err == nil || !errors.Is(err, ErrNotEnrolled) {
		return e, err
	}
	salt, err := a.fresh()
	if err != nil {
		return e, err
	}
	e = Enrollment{Format: "guildmark/enrollment/1", Salt: salt, Custodians: []string{}}
	return e, a.store.Save(enrollmentFile, e)
}

// applicant is a machine during its enrollment.
type applicant struct {
	*Agent
	tpm         *tpm.TPM
	certificate []byte
	code        string
	record      Enrollment
}

// register lets the registrar activate the credential and takes its answer in: record, trust bundle, runtime key.
func (p *applicant) register(ctx context.Context) error {
	p.say("registrar", "the registrar checks the TPM's certificate and its keys")
	id, proof, err := p.activate(ctx, p.registrar, "/activations", machine.ActivationRequest{Code: p.code})
	if err != nil {
		return err
	}
	request, err := p.registration(id, proof)
	if err != nil {
		return err
	}
	var answer machine.Enrolled
	if err := p.registrar.call(ctx, "POST", "/activations/"+id, request, &answer); err != nil {
		return err
	}
	if err := p.checkRecord(answer.Machine); err != nil {
		return err
	}
	bundle, err := p.takeBundle(answer)
	if err != nil {
		return err
	}
	key, err := p.takeRuntimeKey(answer)
	if err != nil {
		return err
	}
	p.record.Machine, p.record.Keys, p.record.RuntimeKey, p.record.Bundle = answer.Machine, p.tpm.Keys(), key, bundle
	p.record.Recipient = answer.Recipient
	return p.store.Save(enrollmentFile, p.record)
}

// activate answers one party's credential challenge; the proof shows that this TPM has both EK and AK (T14).
func (p *applicant) activate(ctx context.Context, at *client, path string, request machine.ActivationRequest) (id, proof string, err error) {
	request.EKCertificate = base64.StdEncoding.EncodeToString(p.certificate)
	request.AK = base64.StdEncoding.EncodeToString(p.tpm.Keys().AK)
	request.Salt = p.record.Salt
	var challenge machine.Activation
	if err := at.call(ctx, "POST", path, request, &challenge); err != nil {
		return "", "", err
	}
	credential, err := credentialOf(challenge)
	if err != nil {
		return "", "", err
	}
	endorsement, _, err := tpmpolicy.ParseEndorsement(p.certificate)
	if err != nil {
		return "", "", err
	}
	secret, err := p.tpm.Activate(endorsement.Key, credential)
	if err != nil {
		return "", "", err
	}
	defer clear(secret)
	return url.PathEscape(challenge.ID), machine.Proof(secret, challenge.ID, p.tpm.AKName().Hex()), nil
}

func credentialOf(c machine.Activation) (tpmpolicy.Credential, error) {
	blob, err := ledger.Base64(c.CredentialBlob)
	if err != nil {
		return tpmpolicy.Credential{}, ErrAnswer.With("credentialBlob")
	}
	secret, err := ledger.Base64(c.Secret)
	if err != nil || c.ID == "" {
		return tpmpolicy.Credential{}, ErrAnswer.With("secret or id")
	}
	return tpmpolicy.Credential{Blob: blob, Secret: secret}, nil
}

// registration has the AK certify everything else, in answer to this activation.
func (p *applicant) registration(id, proof string) (machine.EnrollmentRequest, error) {
	extra := machine.ActivationDigest(id, p.tpm.AKName().Hex())
	r := machine.EnrollmentRequest{
		Proof: proof, Line: p.config.Line, Counter: tpmpolicy.CounterName().Hex(),
		SRK:   base64.StdEncoding.EncodeToString(p.tpm.Keys().SRK),
		Token: base64.StdEncoding.EncodeToString(p.tpm.Keys().Token),
	}
	for _, c := range []struct {
		to      *license.Attestation
		certify func([]byte) (tpmpolicy.Attestation, error)
	}{{&r.SRKCertify, p.tpm.CertifySRK}, {&r.TokenCertify, p.tpm.CertifyToken}, {&r.CounterCertify, p.tpm.CertifyCounter}} {
		attestation, err := c.certify(extra)
		if err != nil {
			return r, err
		}
		*c.to = text(attestation)
	}
	return r, nil
}

// text is an attestation as documents carry it.
func text(a tpmpolicy.Attestation) license.Attestation {
	return license.Attestation{
		Attest: base64.StdEncoding.EncodeToString(a.Attest), Signature: base64.StdEncoding.EncodeToString(a.Signature),
	}
}

// checkRecord compares the record with what we asked for: the id is ours to compute.
func (p *applicant) checkRecord(m machine.Machine) error {
	keys := p.tpm.Keys()
	for name, same := range map[string]bool{
		"id":      m.ID == machine.ID(p.tpm.AKName().Hex(), p.record.Salt),
		"ak":      m.AK == base64.StdEncoding.EncodeToString(keys.AK),
		"srk":     m.SRK == base64.StdEncoding.EncodeToString(keys.SRK),
		"token":   m.Token == base64.StdEncoding.EncodeToString(keys.Token),
		"counter": m.Counter == tpmpolicy.CounterName().Hex(),
		"line":    m.Line == p.config.Line,
	} {
		if !same {
			return ErrRecord.With(name)
		}
	}
	return nil
}

// takeBundle stores the trust bundle that everything else will be checked under. It is trusted because the
// configuration pins its id, or else because the registrar was reached under its own CA; its own keys must agree.
func (p *applicant) takeBundle(answer machine.Enrolled) (int64, error) {
	doc, err := ledger.Base64(answer.Bundle)
	if err != nil {
		return 0, ErrAnswer.With("bundle")
	}
	bundle, err := signed.ParseBundle(doc)
	if err != nil {
		return 0, err
	}
	if p.config.Bundle != "" && bundle.ID() != p.config.Bundle {
		return 0, ErrBundlePin.With(bundle.ID())
	}
	keys := map[string]string{}
	for _, partner := range bundle.Partners {
		keys[partner.MSP] = partner.BundleKey
	}
	var signatures []signed.BundleSignature
	for _, s := range answer.BundleSignatures {
		signatures = append(signatures, signed.BundleSignature(s))
	}
	if err := signed.CheckBundleSignatures(doc, signatures, keys, bundle.Quorum); err != nil {
		return 0, err
	}
	return bundle.Sequence, p.store.Write(bundleFile(bundle.Sequence), doc)
}

func bundleFile(sequence int64) string { return fmt.Sprintf("bundles/%010d.json", sequence) }

// takeRuntimeKey imports the product line's key: from now on only this TPM opens it, for the runtime.
func (p *applicant) takeRuntimeKey(answer machine.Enrolled) (tpm.Sealed, error) {
	blob, err := blobOf(answer.RuntimeKey.Public, answer.RuntimeKey.Duplicate, answer.RuntimeKey.Seed)
	if err != nil {
		return tpm.Sealed{}, err
	}
	return p.tpm.Import(blob)
}

func blobOf(public, duplicate, seed string) (tpmpolicy.Blob, error) {
	var b tpmpolicy.Blob
	for _, f := range []struct {
		to   *[]byte
		from string
	}{{&b.Public, public}, {&b.Duplicate, duplicate}, {&b.Seed, seed}} {
		raw, err := ledger.Base64(f.from)
		if err != nil {
			return b, ErrAnswer.With("a sealed secret that is not base64")
		}
		*f.to = raw
	}
	return b, nil
}

// custodians has every custodian that the ledger knows activate this machine itself: none takes the registrar's word.
func (p *applicant) custodians(ctx context.Context) error {
	all, err := p.recipients(ctx, p.record)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Role != "custodian" || slices.Contains(p.record.Custodians, r.MSP) {
			continue
		}
		p.say("custodian", r.MSP+" activates the machine itself")
		path := "/v1/custodians/" + r.MSP + "/activations"
		id, proof, err := p.activate(ctx, p.gateway, path, machine.ActivationRequest{Machine: p.record.Machine.ID})
		if err != nil {
			return err
		}
		if err := p.gateway.call(ctx, "POST", path+"/"+id, machine.ActivationProof{Proof: proof}, nil); err != nil {
			return err
		}
		p.record.Custodians = append(p.record.Custodians, r.MSP)
		if err := p.store.Save(enrollmentFile, p.record); err != nil {
			return err
		}
	}
	return nil
}
