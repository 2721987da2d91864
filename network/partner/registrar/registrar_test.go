package registrar_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/network/partner/activation"
	"github.com/guildmark/guildmark/network/partner/partnertest"
	"github.com/guildmark/guildmark/network/partner/registrar"
)

// office is a registrar's process with the world around it.
type office struct {
	t      *testing.T
	world  *partnertest.World
	maker  *partnertest.Maker
	caller *partnertest.Caller
	buyer  *partnertest.Caller
	state  string
	list   string
	url    string
	ledger *line
	now    time.Time
	mu     sync.Mutex
}

// line is the way to the ledger; it can break before or after a write.
type line struct {
	*partnertest.Caller
	breakBefore, breakAfter string
}

var errBroken = errors.New("connection lost")

func (l *line) Submit(ctx context.Context, function string, args ...string) (string, error) {
	if function == l.breakBefore {
		return "", errBroken
	}
	out, err := l.Caller.Submit(ctx, function, args...)
	if function == l.breakAfter {
		return "", errBroken
	}
	return out, err
}

func newOffice(t *testing.T) *office {
	t.Helper()
	w := partnertest.NewWorld(t)
	o := &office{
		t: t, world: w, maker: partnertest.NewMaker(t, "maker"),
		caller: w.Someone(partnertest.Manufacturer, party.Registrar),
		buyer:  w.Someone(partnertest.Operator, party.Buyer), state: t.TempDir(),
		list: filepath.Join(t.TempDir(), "codes.json"), now: time.Now(),
	}
	o.ledger = &line{Caller: o.caller}
	o.start()
	return o
}

func (o *office) start() {
	o.t.Helper()
	dir := o.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "maker.pem"), o.maker.PEM, 0o600); err != nil {
		o.t.Fatal(err)
	}
	r, err := registrar.New(registrar.Settings{
		MSP: partnertest.Manufacturer, Party: o.caller.Party, State: o.state, List: o.list,
		Lines:   []string{"mixer", "printer"},
		Gateway: "https://gateway.example", Issuer: "https://auth.example", Ledger: o.ledger,
		Roots: activation.Roots{VTPM: dir},
		Now:   func() time.Time { o.mu.Lock(); defer o.mu.Unlock(); return o.now },
	})
	if err != nil {
		o.t.Fatal(err)
	}
	srv := httptest.NewServer(r.Handler())
	ctx, cancel := context.WithCancel(context.WithoutCancel(o.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	o.t.Cleanup(func() {
		cancel()
		srv.Close()
		if err := <-ended; err != nil {
			o.t.Errorf("registrar: %v", err)
		}
	})
	o.url = srv.URL
	wait, stop := context.WithTimeout(o.t.Context(), 10*time.Second)
	defer stop()
	if !o.world.Wait(wait, func() bool { return o.health() == http.StatusNoContent || o.registered() }) {
		o.t.Fatal("the runtime keys were never registered")
	}
}

func (o *office) registered() bool {
	n := 0
	for _, k := range o.world.Keys() {
		if strings.HasPrefix(k, "recipient/ManufacturerMSP.runtime.") {
			n++
		}
	}
	return n == 4 // two lines, two classes
}

func (o *office) health() int {
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.url+"/healthz", nil)
	if err != nil {
		o.t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	_ = rsp.Body.Close()
	return rsp.StatusCode
}

func (o *office) code(line string) string {
	o.t.Helper()
	code, err := registrar.Add(o.list, o.buyer.Party, line, []string{line})
	if err != nil {
		o.t.Fatal(err)
	}
	return code
}

func (o *office) post(path string, in, out any) string {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url+path,
		bytes.NewReader(ledger.Encode(in)))
	if err != nil {
		o.t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer rsp.Body.Close()
	var doc json.RawMessage
	if err := json.NewDecoder(rsp.Body).Decode(&doc); err != nil {
		o.t.Fatal(err)
	}
	if rsp.StatusCode/100 != 2 {
		var p struct{ Code string }
		if err := json.Unmarshal(doc, &p); err != nil || p.Code == "" {
			o.t.Fatalf("a problem without code: %s", doc)
		}
		return p.Code
	}
	if err := ledger.Decode(doc, out); err != nil {
		o.t.Fatal(err)
	}
	return ""
}

// enroll runs an enrollment; edit may spoil the second request. It returns a refusal's code.
func (o *office) enroll(p *partnertest.TPM, code, line string,
	edit func(*machine.EnrollmentRequest),
) (machine.Enrolled, string) {
	o.t.Helper()
	request := p.ActivationRequest()
	request.Code = code
	var a machine.Activation
	if refused := o.post("/activations", request, &a); refused != "" {
		return machine.Enrolled{}, refused
	}
	r, err := p.EnrollmentRequest(a, line)
	if err != nil {
		o.t.Fatal(err)
	}
	if edit != nil {
		edit(&r)
	}
	var e machine.Enrolled
	refused := o.post("/activations/"+a.ID, r, &e)
	return e, refused
}

func TestEnrollment(t *testing.T) {
	o := newOffice(t)
	p := partnertest.NewTPM(t, o.maker)
	e, refused := o.enroll(p, o.code("mixer"), "mixer", nil)
	if refused != "" {
		t.Fatalf("refused: %s", refused)
	}
	m := e.Machine
	if m.ID != p.MachineID() || m.Owner != o.buyer.Party || m.Assurance != "vtpm" || m.Line != "mixer" ||
		m.Registrar != o.caller.Party || m.EKHash != machine.EKHash(p.Salt, p.EKCertificate) {
		t.Errorf("machine %+v", m)
	}
	doc, err := o.caller.Evaluate(t.Context(), "machines:Get", m.ID)
	if err != nil || doc != string(ledger.Encode(m)) {
		t.Errorf("on the ledger: %s, %v", doc, err)
	}
	raw, err := base64.StdEncoding.DecodeString(e.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := signed.ParseBundle(raw); err != nil || b.Quorum != 2 || len(e.BundleSignatures) != 2 {
		t.Errorf("bundle: %+v, %v", b, err)
	}
	if e.Gateway != "https://gateway.example" || e.Issuer != "https://auth.example" {
		t.Errorf("told %s and %s", e.Gateway, e.Issuer)
	}
	o.checkRuntimeKey(p, e)
}

// checkRuntimeKey opens the handed-over key in the machine's TPM: it is the private half of the line's recipient.
func (o *office) checkRuntimeKey(p *partnertest.TPM, e machine.Enrolled) {
	o.t.Helper()
	b := tpmpolicy.Blob{
		Public: o.raw(e.RuntimeKey.Public), Duplicate: o.raw(e.RuntimeKey.Duplicate),
		Seed: o.raw(e.RuntimeKey.Seed),
	}
	if _, err := tpmpolicy.CheckBlob(b, tpmpolicy.Digest{}); err != nil {
		o.t.Error(err)
	}
	if _, err := partnertest.NewTPM(o.t, o.maker).Import(b); err == nil {
		o.t.Error("another TPM imported the runtime key")
	}
	seed, err := p.Import(b)
	if err != nil {
		o.t.Fatal(err)
	}
	key, err := sealed.PrivateKey(seed)
	if err != nil {
		o.t.Fatal(err)
	}
	doc, err := o.caller.Evaluate(o.t.Context(), "governance:Recipient", e.Recipient)
	if err != nil {
		o.t.Fatal(err)
	}
	var r consortium.Recipient
	if err := ledger.Decode([]byte(doc), &r); err != nil ||
		r.HPKE != base64.StdEncoding.EncodeToString(key.PublicKey().Bytes()) {
		o.t.Errorf("the recipient %s has another key than the machine got, %v", e.Recipient, err)
	}
}

func (o *office) raw(text string) []byte {
	o.t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func TestEnrollmentIsRefused(t *testing.T) {
	o := newOffice(t)
	p, other := partnertest.NewTPM(t, o.maker), partnertest.NewTPM(t, o.maker)
	stranger := partnertest.NewTPM(t, partnertest.NewMaker(t, "stranger"))
	text := base64.StdEncoding.EncodeToString
	id := strings.Repeat("0", 32)
	tests := []struct {
		name string
		tpm  *partnertest.TPM
		code string
		line string
		edit func(*machine.EnrollmentRequest)
		want string
	}{
		{"unknown code", p, "NOSUCHCODE", "mixer", nil, "registrar.code"},
		{"no code", p, "", "mixer", nil, "registrar.code"},
		{"code for another line", p, o.code("printer"), "mixer", nil, "registrar.code"},
		{"line that nobody knows", p, o.code("laser"), "laser", nil, "registrar.code"},
		{"unknown maker", stranger, o.code("mixer"), "mixer", nil, "tpm.ek_chain"},
		{
			"wrong proof", p, o.code("mixer"), "mixer",
			func(r *machine.EnrollmentRequest) { r.Proof = strings.Repeat("0", 64) }, "activation.proof",
		},
		{
			"another TPM's storage key", p, o.code("mixer"), "mixer",
			func(r *machine.EnrollmentRequest) { r.SRK = text(other.SRK()) }, "tpm.attest_signer",
		},
		{
			"another TPM's token key", p, o.code("mixer"), "mixer",
			func(r *machine.EnrollmentRequest) { r.Token = text(other.Token()) }, "tpm.attest_name",
		},
		{
			"attestation key as token key", p, o.code("mixer"), "mixer",
			func(r *machine.EnrollmentRequest) { r.Token = text(p.AK()) }, "tpm.public_attributes",
		},
		{"attestations of another activation", p, o.code("mixer"), "mixer", func(r *machine.EnrollmentRequest) {
			r.TokenCertify = p.Certify(p.Token(), machine.ActivationDigest(id, p.AKName()))
		}, "tpm.attest_extra"},
		{"another TPM's attestation", p, o.code("mixer"), "mixer", func(r *machine.EnrollmentRequest) {
			r.CounterCertify = other.CertifyCounter(machine.ActivationDigest(id, p.AKName()))
		}, "tpm.attest_signature"},
		{
			"another counter", p, o.code("mixer"), "mixer",
			func(r *machine.EnrollmentRequest) { r.Counter = "000b" + strings.Repeat("0", 64) },
			"registrar.enrollment",
		},
		{
			"attestation that is none", p, o.code("mixer"), "mixer",
			func(r *machine.EnrollmentRequest) { r.SRKCertify.Attest = "AAAA" }, "tpm.attest_malformed",
		},
		{
			"text that is not base64", p, o.code("mixer"), "mixer",
			func(r *machine.EnrollmentRequest) { r.SRK = "?" }, "activation.malformed",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := o.enroll(tt.tpm, tt.code, tt.line, tt.edit); got != tt.want {
				t.Errorf("refused with %q, want %q", got, tt.want)
			}
		})
	}
	for _, k := range o.world.Keys() {
		if strings.HasPrefix(k, "machine/") {
			t.Errorf("a refused machine is on the ledger: %s", k)
		}
	}
}
