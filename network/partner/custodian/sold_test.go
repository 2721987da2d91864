package custodian_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

func (s *site) sell(salt string, msps ...string) *sold {
	s.t.Helper()
	x, body := s.seal(salt, msps...)
	s.publish(x)
	s.wait("the dataset is final", func() bool { return s.final(x) })
	p := partnertest.NewTPM(s.t, s.maker)
	registrar := s.world.Someone(partnertest.Manufacturer, party.Registrar)
	registrar.Must("machines:Register", string(ledger.Encode(machine.Machine{
		Format: machine.Format, ID: p.MachineID(), Owner: s.buyer.Party,
		EKHash: machine.EKHash(p.Salt, p.EKCertificate),
		AK:     base64.StdEncoding.EncodeToString(p.AK()), SRK: base64.StdEncoding.EncodeToString(p.SRK()),
		Token: base64.StdEncoding.EncodeToString(p.Token()), Counter: tpmpolicy.CounterName().Hex(),
		Line: "mixer", Assurance: "vtpm",
		Shard: uint32(len(s.world.Keys())),
	})))
	model := offer.Model{Kind: "uses", Uses: 3}
	l := license.License{
		Format: license.Format, Order: ledger.Hash("order", salt), Machine: p.MachineID(), Buyer: s.buyer.Party,
		Dataset: x.Manifest.Dataset, Version: 1, Manifest: ledger.Digest(ledger.Encode(x.Manifest)),
		Custodians: x.Manifest.Custodians,
		Model:      model, Terms: license.TermsHash(x.Manifest.Dataset, 1, model),
	}
	l.ID = license.ID(l.Order, "0")
	s.world.Inject(l)
	return &sold{site: s, sealed: x, body: body, tpm: p, license: l}
}

// grantKeys are the custodians' grant keys in the set's order.
func (s *sold) grantKeys() tpmpolicy.Custodians {
	s.t.Helper()
	var keys tpmpolicy.Custodians
	for _, msp := range s.license.Custodians {
		key, err := x509.ParsePKIXPublicKey(unbase64(s.t, s.recipient(msp).GrantKey))
		if err != nil {
			s.t.Fatal(err)
		}
		keys = append(keys, key.(*ecdsa.PublicKey))
	}
	return keys
}

// request records a grant.
func (s *sold) request(pair ...string) grant.Grant {
	s.t.Helper()
	doc := s.buyer.Must("licenses:RecordGrant",
		string(ledger.Encode(s.tpm.GrantRequest(s.license, s.grantKeys(), pair, tpmpolicy.FirstIndexHandle))))
	var g grant.Grant
	if err := ledger.Decode([]byte(doc), &g); err != nil {
		s.t.Fatal(err)
	}
	return g
}

func (s *sold) answered(g grant.Grant, msp string) bool {
	return s.has(grant.AnswerKey(g.License, g.Number, msp))
}

// activate runs an activation at a custodian over HTTP.
func (s *sold) activate(msp string) {
	s.t.Helper()
	base := s.nodes[msp].http.URL
	request := s.tpm.ActivationRequest()
	request.Machine = s.tpm.MachineID()
	var a machine.Activation
	if status, code := post(s.t, base+"/activations", request, &a); status != http.StatusCreated {
		s.t.Fatalf("open an activation at %s: %d %s", msp, status, code)
	}
	secret, err := s.tpm.Activate(a)
	if err != nil {
		s.t.Fatal(err)
	}
	proof := machine.ActivationProof{Proof: machine.Proof(secret, a.ID, s.tpm.AKName())}
	if status, code := post(s.t, base+"/activations/"+a.ID, proof, nil); status != http.StatusOK {
		s.t.Fatalf("close the activation at %s: %d %s", msp, status, code)
	}
}

// post sends a document; code is the problem's.
func post(t *testing.T, url string, in, out any) (status int, code string) {
	t.Helper()
	raw, ok := in.([]byte)
	if !ok {
		raw = ledger.Encode(in)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer rsp.Body.Close()
	var doc json.RawMessage
	if err := json.NewDecoder(rsp.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if rsp.StatusCode/100 != 2 {
		var p struct{ Code string }
		if err := json.Unmarshal(doc, &p); err != nil {
			t.Fatal(err)
		}
		return rsp.StatusCode, p.Code
	}
	if out != nil {
		if err := json.Unmarshal(doc, out); err != nil {
			t.Fatal(err)
		}
	}
	return rsp.StatusCode, ""
}

func newServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}
