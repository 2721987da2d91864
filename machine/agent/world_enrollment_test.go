package agent

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/http"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

func (w *world) challenge(r *http.Request, msp string) (any, error) {
	in, err := decode[machine.ActivationRequest](r)
	if err != nil {
		return nil, err
	}
	if msp == "" && in.Code != testCode {
		return nil, ledger.Refuse(ledger.Forbidden, "registrar.code", "no such code")
	}
	certificate, err := base64.StdEncoding.DecodeString(in.EKCertificate)
	if err != nil {
		return nil, err
	}
	ek, _, err := tpmpolicy.ParseEndorsement(certificate)
	if err != nil {
		return nil, err
	}
	ak, err := base64.StdEncoding.DecodeString(in.AK)
	if err != nil {
		return nil, err
	}
	public, err := tpmpolicy.ParseAK(ak)
	if err != nil {
		return nil, err
	}
	a := activation{secret: draw(w.t, 32), ak: ak, akName: public.Name(), salt: in.Salt, id: in.Machine}
	credential, err := tpmpolicy.MakeCredential(rand.Reader, ek.Key, a.akName, a.secret)
	if err != nil {
		return nil, err
	}
	id := hex.EncodeToString(draw(w.t, 16))
	w.pending[id] = a
	return machine.Activation{
		ID: id, CredentialBlob: base64.StdEncoding.EncodeToString(credential.Blob),
		Secret: base64.StdEncoding.EncodeToString(credential.Secret),
	}, nil
}

func (w *world) proven(id, proof string) (activation, error) {
	a, ok := w.pending[id]
	delete(w.pending, id)
	if !ok || machine.Proof(a.secret, id, a.akName.Hex()) != proof {
		return a, ledger.Refuse(ledger.Forbidden, "activation.proof", "wrong proof")
	}
	return a, nil
}

func (w *world) register(r *http.Request) (any, error) {
	in, err := decode[machine.EnrollmentRequest](r)
	if err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	a, err := w.proven(id, in.Proof)
	if err != nil {
		return nil, err
	}
	srk, err := base64.StdEncoding.DecodeString(in.SRK)
	if err != nil {
		return nil, err
	}
	signer, err := tpmpolicy.NewSigner(a.ak, srk)
	if err != nil {
		return nil, err
	}
	token, err := base64.StdEncoding.DecodeString(in.Token)
	if err != nil {
		return nil, err
	}
	extra := machine.ActivationDigest(id, a.akName.Hex())
	if err := signer.CertifySRK(attested(in.SRKCertify), extra); err != nil {
		return nil, err
	}
	if _, err := signer.CertifyToken(attested(in.TokenCertify), token, extra); err != nil {
		return nil, err
	}
	if _, err := signer.Counter(attested(in.CounterCertify), tpmpolicy.CounterName(), extra); err != nil {
		return nil, err
	}
	m := machine.Machine{
		Format: machine.Format, ID: machine.ID(a.akName.Hex(), a.salt), Owner: buyerID,
		Registrar: signedtest.Manufacturer + ".00000000000000dd",
		EKHash:    ledger.Hash("ek"), AK: base64.StdEncoding.EncodeToString(a.ak), SRK: in.SRK, Token: in.Token,
		Counter: in.Counter,
		Line:    in.Line, Assurance: "tpm", Shard: 4711, Epoch: 1,
	}
	w.machines[m.ID] = m
	blob, err := tpmpolicy.Wrap(rand.Reader, w.runtime, srk, tpmpolicy.Digest{})
	if err != nil {
		return nil, err
	}
	doc := w.consortium.Bundle.Bytes()
	signatures, err := w.consortium.SignBundle(doc, signedtest.Operator, signedtest.Manufacturer)
	if err != nil {
		return nil, err
	}
	out := machine.Enrolled{
		Machine: m, Bundle: base64.StdEncoding.EncodeToString(doc), Recipient: runtimeID, Gateway: w.server.URL,
		Issuer: w.server.URL,
		RuntimeKey: machine.SealedKey{
			Public:    base64.StdEncoding.EncodeToString(blob.Public),
			Duplicate: base64.StdEncoding.EncodeToString(blob.Duplicate),
			Seed:      base64.StdEncoding.EncodeToString(blob.Seed),
		},
	}
	out.BundleSignatures = append(out.BundleSignatures, signatures...)
	return out, nil
}

func (w *world) activated(r *http.Request) (any, error) {
	in, err := decode[machine.ActivationProof](r)
	if err != nil {
		return nil, err
	}
	a, err := w.proven(r.PathValue("id"), in.Proof)
	if err != nil {
		return nil, err
	}
	if m := w.machines[a.id]; m.AK != base64.StdEncoding.EncodeToString(a.ak) {
		return nil, ledger.Refuse(ledger.Forbidden, "custodian.machine", "not the machine on the ledger")
	}
	w.custodians[r.PathValue("msp")].known[a.id] = true
	return struct{}{}, nil
}

func attested(a machine.Attestation) tpmpolicy.Attestation {
	attest, _ := base64.StdEncoding.DecodeString(a.Attest)
	signature, _ := base64.StdEncoding.DecodeString(a.Signature)
	return tpmpolicy.Attestation{Attest: attest, Signature: signature}
}
