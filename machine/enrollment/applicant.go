package enrollment

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Refusals of enrollment.
var (
	// ErrOtherTPM means that the TPM's keys are not those of the enrollment in the state folder: the folder
	// was copied from another machine, or the TPM was cleared. Use the folder with its own TPM, or enroll
	// anew in an empty one.
	ErrOtherTPM = ledger.Refuse(ledger.Forbidden, "machine.other_tpm",
		"the state folder belongs to a machine with another TPM")
	// ErrRecord means that the registrar answered with the ledger record of another machine (Saw names the
	// field). Don't go on.
	ErrRecord = ledger.Refuse(ledger.Forbidden, "machine.record", "the registrar's record is not of this machine")
	// ErrBundlePin means that the registrar's trust bundle (Saw) is not the one that `bundle` in the
	// configuration pins. Don't go on before the consortium has said which is right.
	ErrBundlePin = ledger.Refuse(ledger.Forbidden, "machine.bundle",
		"the registrar's trust bundle is not the one in the configuration")
)

// Applicant is a machine during its enrollment.
type Applicant struct {
	Folder      *folder.Folder
	TPM         *tpm.TPM
	Certificate []byte // the endorsement key's, DER
	Line        string // product line of the machine's runtime
	Pin         string // id of the trust bundle to take; "" takes the registrar's
	Registrar   *market.Activations
	Gateway     *market.Gateway
	Say         func(step, detail string)
	Record      Record
}

// Check refuses to go on with another TPM than the one that was registered.
func (p *Applicant) Check() error {
	if p.Record.Registered() && !slices.Equal(p.Record.Keys.AK, p.TPM.Keys().AK) {
		return ErrOtherTPM
	}
	return nil
}

// Register lets the registrar activate the credential and takes its answer in: record, trust bundle, runtime
// key. code is the one-time code that the machine's owner got from the registrar's partner. A machine that is
// registered stays as it is.
func (p *Applicant) Register(ctx context.Context, code string) error {
	if p.Record.Registered() {
		return nil
	}
	p.Say("registrar", "the registrar checks the TPM's certificate and its keys")
	id, proof, err := p.activate(ctx, p.Registrar, machine.ActivationRequest{Code: code})
	if err != nil {
		return err
	}
	request, err := p.registration(id, proof)
	if err != nil {
		return err
	}
	var answer machine.Enrolled
	if err := p.Registrar.Finish(ctx, id, request, &answer); err != nil {
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
	p.Record.Machine = answer.Machine
	p.Record.Keys = p.TPM.Keys()
	p.Record.RuntimeKey = key
	p.Record.Recipient = answer.Recipient
	p.Record.Bundle = bundle
	return p.Folder.Save(recordFile, p.Record)
}

// activate answers one party's credential challenge; the proof shows that this TPM has both EK and AK (T14).
func (p *Applicant) activate(
	ctx context.Context, at *market.Activations, request machine.ActivationRequest,
) (id, proof string, err error) {
	request.EKCertificate = base64.StdEncoding.EncodeToString(p.Certificate)
	request.AK = base64.StdEncoding.EncodeToString(p.TPM.Keys().AK)
	request.Salt = p.Record.Salt
	challenge, err := at.Begin(ctx, request)
	if err != nil {
		return "", "", err
	}
	credential, err := credentialOf(challenge)
	if err != nil {
		return "", "", err
	}
	endorsement, _, err := tpmpolicy.ParseEndorsement(p.Certificate)
	if err != nil {
		return "", "", err
	}
	secret, err := p.TPM.Activate(endorsement.Key, credential)
	if err != nil {
		return "", "", err
	}
	defer clear(secret)
	return challenge.ID, machine.Proof(secret, challenge.ID, p.TPM.AKName().Hex()), nil
}

func credentialOf(c machine.Activation) (tpmpolicy.Credential, error) {
	blob, err := ledger.Base64(c.CredentialBlob)
	if err != nil {
		return tpmpolicy.Credential{}, market.ErrAnswer.With("credentialBlob")
	}
	secret, err := ledger.Base64(c.Secret)
	if err != nil || c.ID == "" {
		return tpmpolicy.Credential{}, market.ErrAnswer.With("secret or id")
	}
	return tpmpolicy.Credential{Blob: blob, Secret: secret}, nil
}

// registration has the AK certify everything else, in answer to this activation.
func (p *Applicant) registration(id, proof string) (machine.EnrollmentRequest, error) {
	extra := machine.ActivationDigest(id, p.TPM.AKName().Hex())
	r := machine.EnrollmentRequest{
		Proof: proof, Line: p.Line, Counter: tpmpolicy.CounterName().Hex(),
		SRK:   base64.StdEncoding.EncodeToString(p.TPM.Keys().SRK),
		Token: base64.StdEncoding.EncodeToString(p.TPM.Keys().Token),
	}
	for _, c := range []struct {
		to      *machine.Attestation
		certify func([]byte) (tpmpolicy.Attestation, error)
	}{
		{&r.SRKCertify, p.TPM.CertifySRK},
		{&r.TokenCertify, p.TPM.CertifyToken},
		{&r.CounterCertify, p.TPM.CertifyCounter},
	} {
		attestation, err := c.certify(extra)
		if err != nil {
			return r, err
		}
		*c.to = grant.Encode(attestation)
	}
	return r, nil
}

// checkRecord compares the record with what we asked for: the id is ours to compute.
func (p *Applicant) checkRecord(m machine.Machine) error {
	keys := p.TPM.Keys()
	for name, same := range map[string]bool{
		"id":      m.ID == machine.ID(p.TPM.AKName().Hex(), p.Record.Salt),
		"ak":      m.AK == base64.StdEncoding.EncodeToString(keys.AK),
		"srk":     m.SRK == base64.StdEncoding.EncodeToString(keys.SRK),
		"token":   m.Token == base64.StdEncoding.EncodeToString(keys.Token),
		"counter": m.Counter == tpmpolicy.CounterName().Hex(),
		"line":    m.Line == p.Line,
	} {
		if !same {
			return ErrRecord.With(name)
		}
	}
	return nil
}

// takeBundle stores the trust bundle that everything else will be checked under. It is trusted because the
// configuration pins its id, or else because the registrar was reached under its own CA; its own keys must
// agree.
func (p *Applicant) takeBundle(answer machine.Enrolled) (int64, error) {
	doc, err := ledger.Base64(answer.Bundle)
	if err != nil {
		return 0, market.ErrAnswer.With("bundle")
	}
	bundle, err := signed.ParseBundle(doc)
	if err != nil {
		return 0, err
	}
	if p.Pin != "" && bundle.ID() != p.Pin {
		return 0, ErrBundlePin.With(bundle.ID())
	}
	keys := map[string]string{}
	for _, partner := range bundle.Partners {
		keys[partner.MSP] = partner.BundleKey
	}
	if err := signed.CheckBundleSignatures(doc, answer.BundleSignatures, keys, bundle.Quorum); err != nil {
		return 0, err
	}
	return bundle.Sequence, p.store().SaveBundle(bundle.Sequence, doc)
}

// takeRuntimeKey imports the product line's key: from now on only this TPM opens it, for the runtime.
func (p *Applicant) takeRuntimeKey(answer machine.Enrolled) (tpm.Sealed, error) {
	blob, err := blobOf(answer.RuntimeKey.Public, answer.RuntimeKey.Duplicate, answer.RuntimeKey.Seed)
	if err != nil {
		return tpm.Sealed{}, err
	}
	return p.TPM.Import(blob)
}

func blobOf(public, duplicate, seed string) (tpmpolicy.Blob, error) {
	var b tpmpolicy.Blob
	for _, f := range []struct {
		to   *[]byte
		from string
	}{{&b.Public, public}, {&b.Duplicate, duplicate}, {&b.Seed, seed}} {
		raw, err := ledger.Base64(f.from)
		if err != nil {
			return b, market.ErrAnswer.With("a sealed secret that is not base64")
		}
		*f.to = raw
	}
	return b, nil
}

// Custodians has every custodian that the ledger knows activate this machine itself: none relies on the
// registrar's record alone (T14).
func (p *Applicant) Custodians(ctx context.Context) error {
	trust, err := p.store().Trust(p.Record.Bundle)
	if err != nil {
		return err
	}
	all, err := trust.Recipients(ctx, p.Gateway)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Role != "custodian" || slices.Contains(p.Record.Custodians, r.MSP) {
			continue
		}
		p.Say("custodian", r.MSP+" activates the machine itself")
		custodian := p.Gateway.Custodian(r.MSP)
		id, proof, err := p.activate(ctx, custodian, machine.ActivationRequest{Machine: p.Record.Machine.ID})
		if err != nil {
			return err
		}
		if err := custodian.Finish(ctx, id, machine.ActivationProof{Proof: proof}, nil); err != nil {
			return err
		}
		p.Record.Custodians = append(p.Record.Custodians, r.MSP)
		if err := p.Folder.Save(recordFile, p.Record); err != nil {
			return err
		}
	}
	return nil
}

func (p *Applicant) store() holding.Store { return holding.Store{Folder: p.Folder} }
