package agent

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/golang-jwt/jwt/v5"

	"guildmark/chaincode/dataset"
	"guildmark/chaincode/governance"
	"guildmark/chaincode/ledger"
	"guildmark/chaincode/license"
	"guildmark/chaincode/machine"
	"guildmark/chaincode/order"
	"guildmark/chaincode/payment"
	"guildmark/chaincode/sealed"
	"guildmark/chaincode/signed"
	"guildmark/chaincode/signed/signedtest"
	"guildmark/chaincode/tpmpolicy"
)

const (
	runtimeID = signedtest.Manufacturer + ".runtime.mixer-1.tpm"
	buyerID   = signedtest.Operator + ".00000000000000bb"
	testCode  = "let-me-in"
)

// world is everything outside the machine: a ledger of two partners' peers that really sign, custodians and a registrar
// that really activate, wrap and sign, an authorization server that really checks the assertion. Only HTTP is between.
type world struct {
	t          *testing.T
	server     *httptest.Server
	consortium *signedtest.Consortium
	peers      []signedtest.Signer
	descriptor *payment.Descriptor
	manifest   dataset.Manifest
	envelope   []byte
	body       []byte
	plain      []byte
	custodians map[string]*custodian
	runtime    []byte // seed of the product line's HPKE key

	mu       sync.Mutex
	clock    int64
	tokens   map[string]string // access token -> machine
	machines map[string]machine.Machine
	pending  map[string]activation
	orders   map[string]order.Order // by machine and key
	paid     map[string]bool
	licenses map[string]license.License
	grants   map[string][]license.Grant
	receipts map[string]license.ReceiptRequest
	requests []string           // method and path, in order
	crook    func(*order.Order) // what a crooked partner makes of orders
	deed     signedtest.Deed    // how signed answers depart from honest ones
	lose     string             // path suffix whose next answer is lost after the work was done
}

type custodian struct {
	hpke  hpke.PrivateKey
	grant *ecdsa.PrivateKey
	known map[string]bool // machines it activated
}

type activation struct {
	secret []byte
	ak     []byte
	akName tpmpolicy.Name
	salt   string
	id     string // machine, custodian only
}

func newWorld(t *testing.T, recipe string) *world {
	t.Helper()
	w := &world{
		t: t, custodians: map[string]*custodian{}, clock: time.Now().Unix(), tokens: map[string]string{},
		machines: map[string]machine.Machine{}, pending: map[string]activation{}, orders: map[string]order.Order{},
		paid: map[string]bool{}, licenses: map[string]license.License{}, grants: map[string][]license.Grant{},
		receipts: map[string]license.ReceiptRequest{}, runtime: draw(t, 32),
	}
	var err error
	w.consortium, err = signedtest.New(time.Now())
	must(t, err)
	w.peers, err = w.consortium.Peers(signedtest.Operator, signedtest.Manufacturer)
	must(t, err)
	w.descriptor = treasury(t)
	w.consortium.Bundle.Treasury.Descriptor = w.descriptor.String()
	for _, msp := range []string{signedtest.Operator, signedtest.Manufacturer} {
		w.custodians[msp] = newCustodian(t)
	}
	w.plain, err = os.ReadFile(filepath.Join("../../fixtures/beverage", recipe))
	must(t, err)
	w.seal()
	w.server = httptest.NewServer(w.routes())
	t.Cleanup(w.server.Close)
	return w
}

func newCustodian(t *testing.T) *custodian {
	key, err := sealed.PrivateKey(draw(t, 32))
	must(t, err)
	grant, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return &custodian{hpke: key, grant: grant, known: map[string]bool{}}
}

// seal does what a licensor does at home.
func (w *world) seal() {
	line, err := sealed.PrivateKey(w.runtime)
	must(w.t, err)
	plan := sealed.Plan{
		Channel: w.consortium.Bundle.Channel, Licensor: dataset.Licensor{MSP: signedtest.Licensors, Party: signedtest.Licensors + ".00000000000000aa"},
		Salt: hex.EncodeToString(draw(w.t, 32)), Version: 1, Title: "Sunrise", Technology: "beverage", Profile: "beverage/1",
		Runtimes: []sealed.Recipient{{ID: runtimeID, Role: sealed.RoleRuntime, MSP: signedtest.Manufacturer, Key: line.PublicKey().Bytes()}},
	}
	for msp, c := range w.custodians {
		plan.Custodians = append(plan.Custodians, sealed.Recipient{
			ID: msp + ".00000000000000cc", Role: sealed.RoleCustodian, MSP: msp, Key: c.hpke.PublicKey().Bytes(),
		})
	}
	var body bytes.Buffer
	s, err := sealed.Seal(&body, bytes.NewReader(w.plain), plan, rand.Reader)
	must(w.t, err)
	w.manifest, w.envelope, w.body = s.Manifest, s.Envelope.Bytes(), body.Bytes()
}

func treasury(t *testing.T) *payment.Descriptor {
	var keys [3]string
	for i := range keys {
		master, err := hdkeychain.NewMaster(draw(t, 32), &chaincfg.RegressionNetParams)
		must(t, err)
		public, err := master.Neuter()
		must(t, err)
		keys[i] = public.String()
	}
	d, err := payment.New(keys, "regtest")
	must(t, err)
	return d
}

func (w *world) routes() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, do func(*http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) { w.serve(rw, r, do) })
	}
	route("POST /activations", func(r *http.Request) (any, error) { return w.challenge(r, "") })
	route("POST /activations/{id}", w.register)
	route("POST /v1/custodians/{msp}/activations", func(r *http.Request) (any, error) { return w.challenge(r, r.PathValue("msp")) })
	route("POST /v1/custodians/{msp}/activations/{id}", w.activated)
	route("POST /v1/recipients/sign", w.signRecipients)
	route("GET /.well-known/openid-configuration", func(*http.Request) (any, error) {
		return map[string]string{"issuer": w.server.URL, "token_endpoint": w.server.URL + "/oauth/token"}, nil
	})
	route("POST /oauth/token", w.issueToken)
	route("POST /v1/orders", w.placeOrder)
	route("GET /v1/orders/{order}", w.getOrder)
	route("POST /v1/orders/{order}/sign", w.signOrder)
	route("POST /v1/licenses/{license}/sign", w.signLicense)
	route("GET /v1/datasets/{dataset}/versions/{version}", w.getDataset)
	route("GET /v1/content/{hash}", w.getContent)
	route("POST /v1/licenses/{license}/grants", w.recordGrant)
	route("GET /v1/licenses/{license}/grants/{n}", w.getGrant)
	route("POST /v1/licenses/{license}/receipts", w.recordReceipt)
	return mux
}

// serve runs one route and answers JSON, bytes or a problem; a lost answer is a cut connection after the work.
func (w *world) serve(rw http.ResponseWriter, r *http.Request, do func(*http.Request) (any, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r.Method+" "+r.URL.Path)
	answer, err := do(r)
	if w.lose != "" && strings.HasSuffix(r.URL.Path, w.lose) {
		w.lose = ""
		panic(http.ErrAbortHandler)
	}
	var no *ledger.Refusal
	switch v := answer.(type) {
	case []byte:
		_, _ = rw.Write(v)
	default:
		if err == nil {
			_ = json.NewEncoder(rw).Encode(answer)
			return
		}
		no, _ = err.(*ledger.Refusal) //nolint:errorlint // a fake of ours
		if no == nil {
			w.t.Errorf("%s: %v", r.URL.Path, err)
			no = ledger.Refuse(ledger.Unavailable, "test.fault", err.Error())
		}
		status := map[ledger.Kind]int{ledger.NotFound: 404, ledger.Conflict: 409, ledger.Forbidden: 403, ledger.Unavailable: 503}[no.Kind]
		rw.WriteHeader(max(status, 400))
		_ = json.NewEncoder(rw).Encode(map[string]any{"type": "about:blank", "title": no.Message, "status": status, "code": no.Code, "saw": no.Saw})
	}
}

func decode[T any](r *http.Request) (v T, err error) {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return v, d.Decode(&v)
}

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
		ID: id, CredentialBlob: base64.StdEncoding.EncodeToString(credential.Blob), Secret: base64.StdEncoding.EncodeToString(credential.Secret),
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
		Format: machine.Format, ID: machine.ID(a.akName.Hex(), a.salt), Owner: buyerID, Registrar: signedtest.Manufacturer + ".00000000000000dd",
		EKHash: ledger.Hash("ek"), AK: base64.StdEncoding.EncodeToString(a.ak), SRK: in.SRK, Token: in.Token, Counter: in.Counter,
		Line: in.Line, Assurance: "tpm", Shard: 4711, Epoch: 1,
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
		Machine: m, Bundle: base64.StdEncoding.EncodeToString(doc), Recipient: runtimeID, Gateway: w.server.URL, Issuer: w.server.URL,
		RuntimeKey: machine.SealedKey{
			Public: base64.StdEncoding.EncodeToString(blob.Public), Duplicate: base64.StdEncoding.EncodeToString(blob.Duplicate),
			Seed: base64.StdEncoding.EncodeToString(blob.Seed),
		},
	}
	for _, s := range signatures {
		out.BundleSignatures = append(out.BundleSignatures, governance.BundleSignature(s))
	}
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

func attested(a license.Attestation) tpmpolicy.Attestation {
	attest, _ := base64.StdEncoding.DecodeString(a.Attest)
	signature, _ := base64.StdEncoding.DecodeString(a.Signature)
	return tpmpolicy.Attestation{Attest: attest, Signature: signature}
}

// issueToken checks the assertion against the key in the machine's ledger record.
func (w *world) issueToken(r *http.Request) (any, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(r.Form.Get("client_assertion"), &claims, func(*jwt.Token) (any, error) {
		m, ok := w.machines[claims.Subject]
		if !ok {
			return nil, fmt.Errorf("unknown machine %s", claims.Subject)
		}
		raw, err := base64.StdEncoding.DecodeString(m.Token)
		if err != nil {
			return nil, err
		}
		p, err := tpmpolicy.ParseToken(raw)
		if err != nil {
			return nil, err
		}
		return p.Key()
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(w.server.URL), jwt.WithExpirationRequired())
	if err != nil || claims.Issuer != claims.Subject || r.Form.Get("grant_type") != "client_credentials" {
		return nil, ledger.Refuse(ledger.Forbidden, "oauth.invalid_client", fmt.Sprint(err))
	}
	token := hex.EncodeToString(draw(w.t, 16))
	w.tokens[token] = claims.Subject
	return map[string]any{"access_token": token, "expires_in": 300, "token_type": "Bearer"}, nil
}

func (w *world) who(r *http.Request) (machine.Machine, error) {
	id, ok := w.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		return machine.Machine{}, ledger.Refuse(ledger.Forbidden, "token.missing", "no token")
	}
	return w.machines[id], nil
}

func (w *world) item() order.Item {
	doc := sha256.Sum256(ledger.Encode(w.manifest))
	return order.Item{
		Offer: offerID, Dataset: w.manifest.Dataset, Version: 1, Manifest: hex.EncodeToString(doc[:]), Custodians: w.manifest.Custodians,
		Model: dataset.Model{Kind: "uses", Uses: 3}, Price: 5000,
	}
}

//nolint:gochecknoglobals // a constant that needs a function
var offerID = ledger.Hash("guildmark/test/1", "offer")

func (w *world) placeOrder(r *http.Request) (any, error) {
	m, err := w.who(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[orderRequest](r)
	if err != nil || in.Machine != m.ID || !slices.Equal(in.Offers, []string{offerID}) {
		return nil, ledger.Refuse(ledger.NotFound, "offer.unknown", "no such offer")
	}
	key := m.ID + "/" + r.Header.Get("Idempotency-Key")
	o, ok := w.orders[key]
	if !ok {
		o = order.Order{
			Format: "guildmark/order/1", ID: order.ID("guildmark", signedtest.Operator, buyerID, key), Buyer: buyerID, Machine: m.ID,
			Items: []order.Item{w.item()}, Price: 5000, Descriptor: 1, Shard: m.Shard, Number: uint32(len(w.orders)), Created: 1, Expires: 99,
		}
		collect, err := w.descriptor.Derive(o.Shard, o.Number)
		if err != nil {
			return nil, err
		}
		o.Script, o.Address = hex.EncodeToString(collect.Script), collect.Address
		if w.crook != nil {
			w.crook(&o)
		}
		w.orders[key] = o
	}
	return map[string]any{"order": o, "uri": "bitcoin:" + o.Address}, nil
}

func (w *world) order(id string) (order.Order, error) {
	for _, o := range w.orders {
		if o.ID == id {
			return o, nil
		}
	}
	return order.Order{}, ledger.Refuse(ledger.NotFound, "order.unknown", "no such order")
}

func (w *world) getOrder(r *http.Request) (any, error) {
	if _, err := w.who(r); err != nil {
		return nil, err
	}
	o, err := w.order(r.PathValue("order"))
	view := order.View{Order: o, State: "open"}
	if err == nil && w.paid[o.Script] {
		l := w.settle(o)
		view.State, view.Paid, view.Licenses = "paid", o.Price, []string{l.ID}
	}
	return view, err
}

func (w *world) settle(o order.Order) license.License {
	item := o.Items[0]
	l := license.License{
		Format: license.Format, ID: license.ID(o.ID, "0"), Order: o.ID, Machine: o.Machine, Buyer: o.Buyer, Dataset: item.Dataset, Version: 1,
		Manifest: item.Manifest, Custodians: item.Custodians, Model: item.Model, Terms: license.TermsHash(item.Dataset, 1, item.Model), Epoch: 2,
	}
	w.licenses[l.ID] = l
	return l
}

func (w *world) sign(answer signed.Answer) (any, error) {
	answer.Clock = w.clock
	answer.Lease = w.clock + 86400
	d := w.deed
	d.Answer, d.Signers = answer, w.peers
	return w.consortium.File(d)
}

func (w *world) signRecipients(r *http.Request) (any, error) {
	in, err := decode[nonceRequest](r)
	if err != nil {
		return nil, err
	}
	var body signed.RecipientsBody
	for _, msp := range slices.Sorted(func(yield func(string) bool) {
		for msp := range w.custodians {
			if !yield(msp) {
				return
			}
		}
	}) {
		c := w.custodians[msp]
		spki, err := x509.MarshalPKIXPublicKey(&c.grant.PublicKey)
		if err != nil {
			return nil, err
		}
		body.Recipients = append(body.Recipients, governance.Recipient{
			Format: "guildmark/recipient/1", ID: msp + ".00000000000000cc", Role: "custodian", MSP: msp, Party: msp + ".00000000000000cc", Version: 1,
			HPKE: base64.StdEncoding.EncodeToString(c.hpke.PublicKey().Bytes()), GrantKey: base64.StdEncoding.EncodeToString(spki),
		})
	}
	return w.sign(signedtest.RecipientsAnswer(w.consortium.Bundle, in.Nonce, w.clock, body))
}

func (w *world) signOrder(r *http.Request) (any, error) {
	in, err := decode[nonceRequest](r)
	if err != nil {
		return nil, err
	}
	o, err := w.order(r.PathValue("order"))
	if err != nil {
		return nil, err
	}
	return w.sign(signedtest.Sale{Order: o}.OrderAnswer(w.consortium.Bundle, in.Nonce, w.clock))
}

func (w *world) signLicense(r *http.Request) (any, error) {
	in, err := decode[nonceRequest](r)
	if err != nil {
		return nil, err
	}
	l, ok := w.licenses[r.PathValue("license")]
	if !ok {
		return nil, license.ErrUnknown
	}
	sale := signedtest.Sale{License: l, Machine: w.machines[l.Machine]}
	return w.sign(sale.LicenseAnswer(w.consortium.Bundle, in.Nonce, w.clock))
}

func (w *world) getDataset(*http.Request) (any, error) {
	return map[string]any{
		"manifest": base64.StdEncoding.EncodeToString(ledger.Encode(w.manifest)), "final": true,
		"publication": map[string]string{"envelope": sealed.Address(w.envelope)},
	}, nil
}

func (w *world) getContent(r *http.Request) (any, error) {
	switch r.PathValue("hash") {
	case sealed.Address(w.envelope):
		return w.envelope, nil
	case w.manifest.BodyHash:
		return w.body, nil
	}
	return nil, ledger.Refuse(ledger.NotFound, "content.unknown", "no such content")
}

// recordGrant keeps T15: one open grant, our own nonce only once.
func (w *world) recordGrant(r *http.Request) (any, error) {
	m, err := w.who(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[license.GrantRequest](r)
	if err != nil {
		return nil, err
	}
	l := w.licenses[in.License]
	srk, ak, err := keysOf(m)
	if err != nil {
		return nil, err
	}
	signer, err := tpmpolicy.NewSigner(ak, srk)
	if err != nil {
		return nil, err
	}
	nonce, err := base64.StdEncoding.DecodeString(in.Nonce)
	if err != nil {
		return nil, err
	}
	meterID := tpmpolicy.Meter(m.ID, l.Dataset, l.Terms)
	index, err := tpmpolicy.NewIndex(in.Index, w.grantKeys(), meterID)
	if err != nil {
		return nil, err
	}
	extra := tpmpolicy.GrantDigest(in.License, nonce, index.Name(false))
	c, err := signer.Counter(attested(in.Counter), tpmpolicy.CounterName(), extra[:])
	if err != nil {
		return nil, err
	}
	now, err := signer.Time(attested(in.Time), extra[:])
	if err != nil {
		return nil, err
	}
	all := w.grants[in.License]
	if n := len(all); n > 0 && all[n-1].Counter == c && all[n-1].ResetCount >= now.ResetCount {
		return nil, ledger.Refuse(ledger.Conflict, "grant.open", "a grant is open")
	}
	g := license.Grant{
		Format: license.GrantFormat, License: in.License, Number: len(all) + 1, Machine: m.ID, Meter: hex.EncodeToString(meterID[:]),
		IndexName: index.Name(false).Hex(), Nonce: in.Nonce, Counter: c, ResetCount: now.ResetCount, Limit: l.Model.Uses, Pair: in.Pair, Request: in, Epoch: 3,
	}
	w.grants[in.License] = append(all, g)
	return g, nil
}

func keysOf(m machine.Machine) (srk, ak []byte, err error) {
	if srk, err = base64.StdEncoding.DecodeString(m.SRK); err != nil {
		return nil, nil, err
	}
	ak, err = base64.StdEncoding.DecodeString(m.AK)
	return srk, ak, err
}

func (w *world) grantKeys() tpmpolicy.Custodians {
	return tpmpolicy.Custodians{&w.custodians[signedtest.Manufacturer].grant.PublicKey, &w.custodians[signedtest.Operator].grant.PublicKey}
}

// getGrant answers with both custodians' parts, made anew from the committed record.
func (w *world) getGrant(r *http.Request) (any, error) {
	all := w.grants[r.PathValue("license")]
	if len(all) == 0 {
		return nil, ledger.Refuse(ledger.NotFound, "grant.unknown", "no such grant")
	}
	g := all[len(all)-1]
	view := license.GrantView{Grant: g}
	for place, msp := range g.Pair {
		a, err := w.answer(g, place, msp)
		if err != nil {
			return nil, err
		}
		view.Answers = append(view.Answers, a)
	}
	return view, nil
}

func (w *world) answer(g license.Grant, place int, msp string) (license.Answer, error) {
	c, m := w.custodians[msp], w.machines[g.Machine]
	if !c.known[m.ID] {
		return license.Answer{}, ledger.Refuse(ledger.Forbidden, "custodian.not_activated", "unknown machine")
	}
	envelope, err := sealed.ParseEnvelope(w.envelope)
	if err != nil {
		return license.Answer{}, err
	}
	binding := sealed.Binding{Channel: w.consortium.Bundle.Channel, Manifest: w.manifest}
	half, err := binding.OpenHalf(envelope, c.hpke, msp+".00000000000000cc", msp, g.Pair)
	if err != nil {
		return license.Answer{}, err
	}
	l := w.licenses[g.License]
	id := tpmpolicy.Meter(m.ID, l.Dataset, l.Terms)
	index, err := tpmpolicy.NewIndex(g.Request.Index, w.grantKeys(), id)
	if err != nil {
		return license.Answer{}, err
	}
	policy, err := tpmpolicy.UsePolicy(tpmpolicy.CounterName(), g.Counter, index, id)
	if place == 1 {
		policy, err = tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), g.Counter)
	}
	if err != nil {
		return license.Answer{}, err
	}
	srk, _, err := keysOf(m)
	if err != nil {
		return license.Answer{}, err
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, half[:], srk, policy)
	if err != nil {
		return license.Answer{}, err
	}
	write, err := index.FirstLimit(g.Limit)
	if err != nil {
		return license.Answer{}, err
	}
	nonce, err := base64.StdEncoding.DecodeString(g.Nonce)
	if err != nil {
		return license.Answer{}, err
	}
	digest, err := write.Digest(nonce, id)
	if err != nil {
		return license.Answer{}, err
	}
	signature, err := ecdsa.SignASN1(rand.Reader, c.grant, digest[:])
	return license.Answer{
		License: g.License, Number: g.Number, MSP: msp, Signature: base64.StdEncoding.EncodeToString(signature),
		Public: base64.StdEncoding.EncodeToString(blob.Public), Duplicate: base64.StdEncoding.EncodeToString(blob.Duplicate),
		Seed: base64.StdEncoding.EncodeToString(blob.Seed),
	}, err
}

func (w *world) recordReceipt(r *http.Request) (any, error) {
	in, err := decode[license.ReceiptRequest](r)
	if err != nil {
		return nil, err
	}
	l := w.licenses[in.License]
	m := w.machines[l.Machine]
	srk, ak, err := keysOf(m)
	if err != nil {
		return nil, err
	}
	signer, err := tpmpolicy.NewSigner(ak, srk)
	if err != nil {
		return nil, err
	}
	id := tpmpolicy.Meter(m.ID, l.Dataset, l.Terms)
	index, err := tpmpolicy.NewIndex(w.grants[l.ID][0].Request.Index, w.grantKeys(), id)
	if err != nil {
		return nil, err
	}
	digest := tpmpolicy.ReceiptDigest(l.ID, in.Job)
	pin, err := signer.Pin(attested(in.Attestation), index.Name(true), digest[:])
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s/%d", l.ID, pin.Count)
	if _, known := w.receipts[key]; known {
		return nil, ledger.Refuse(ledger.Conflict, "receipt.known", "the receipt is recorded")
	}
	w.receipts[key] = in
	return license.Receipt{License: l.ID, Count: int64(pin.Count), Limit: int64(pin.Limit), Job: in.Job, Attestation: in.Attestation}, nil
}

// Pay is the machine's wallet, the chain and the oracles in one: a payment counts once for its reference.
func (w *world) Pay(_ context.Context, reference string, script []byte, amount ledger.Satoshi) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.order(reference)
	if err != nil || o.Script != hex.EncodeToString(script) || amount != o.Price {
		return "", fmt.Errorf("a payment of %s that fits no order: %w", amount, err)
	}
	w.requests = append(w.requests, "PAY")
	w.paid[o.Script] = true
	return ledger.Hash("tx", reference), nil
}

func draw(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	_, err := rand.Read(b)
	must(t, err)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
