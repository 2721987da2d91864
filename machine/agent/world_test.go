package agent

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

const (
	runtimeID = signedtest.Manufacturer + ".runtime.mixer-1.tpm"
	buyerID   = signedtest.Operator + ".00000000000000bb"
	testCode  = "let-me-in"
)

// world is everything outside the machine: a ledger of two partners' peers that really sign, custodians and a
// registrar that really activate, wrap and sign, an authorization server that really checks the assertion.
// Only HTTP is between.
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
	line       string // recipient that the dataset is sealed for
	profile    string // of the data, "beverage/1"
	offers     []string

	mu       sync.Mutex
	clock    int64
	tokens   map[string]string // access token -> machine
	machines map[string]machine.Machine
	pending  map[string]activation
	orders   map[string]order.Order // by machine and key
	paid     map[string]bool
	licenses map[string]license.License
	grants   map[string][]grant.Grant
	receipts map[string]grant.ReceiptRequest
	requests []string           // method and path, in order
	crook    func(*order.Order) // what a crooked partner makes of orders
	forge    func(*grant.Grant) // what a crooked partner makes of grants
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
		paid: map[string]bool{}, licenses: map[string]license.License{}, grants: map[string][]grant.Grant{},
		receipts: map[string]grant.ReceiptRequest{}, runtime: draw(t, 32), line: runtimeID,
		profile: "beverage/1",
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
	t.Helper()
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
	technology, _, _ := strings.Cut(w.profile, "/")
	plan := sealed.Plan{
		Channel:  w.consortium.Bundle.Channel,
		Licensor: dataset.Licensor{MSP: signedtest.Licensors, Party: signedtest.Licensors + ".00000000000000aa"},
		Salt:     hex.EncodeToString(draw(w.t, 32)), Version: 1, Title: "Sunrise", Technology: technology,
		Profile: w.profile,
		Runtimes: []sealed.Recipient{{
			ID: w.line, Role: sealed.RoleRuntime, MSP: signedtest.Manufacturer,
			Key: line.PublicKey().Bytes(),
		}},
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
	t.Helper()
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
	route("POST /v1/custodians/{msp}/activations",
		func(r *http.Request) (any, error) { return w.challenge(r, r.PathValue("msp")) })
	route("POST /v1/custodians/{msp}/activations/{id}", w.activated)
	route("POST /v1/recipients/sign", w.signRecipients)
	route("GET /.well-known/openid-configuration", func(*http.Request) (any, error) {
		return map[string]string{"issuer": w.server.URL, "token_endpoint": w.server.URL + "/oauth/token"}, nil
	})
	route("POST /oauth/token", w.issueToken)
	route("GET /v1/offers", w.listOffers)
	route("GET /v1/health", func(*http.Request) (any, error) { return struct{}{}, nil })
	route("GET /healthz", func(*http.Request) (any, error) { return struct{}{}, nil })
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
		status := map[ledger.Kind]int{
			ledger.NotFound: 404, ledger.Conflict: 409, ledger.Forbidden: 403,
			ledger.Unavailable: 503,
		}[no.Kind]
		rw.WriteHeader(max(status, 400))
		_ = json.NewEncoder(rw).Encode(map[string]any{
			"type": "about:blank", "title": no.Message,
			"status": status, "code": no.Code, "saw": no.Saw,
		})
	}
}

func decode[T any](r *http.Request) (v T, err error) {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return v, d.Decode(&v)
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
