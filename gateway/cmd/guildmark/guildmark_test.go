package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// TestStories runs the command as a person does; each file in testdata is one story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(e *testscript.Env) error { return market(t, e) },
	})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"guildmark": func() {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}})
}

// The help's own steps run as printed, in a folder like the project's; only the ledger's peers are not there,
// so sealing asks the gateway.
func TestHelpRunsAsPrinted(t *testing.T) {
	var help bytes.Buffer
	if code := run(t.Context(), []string{"help"}, &help, io.Discard); code != 0 {
		t.Fatal(help.String())
	}
	text := strings.ReplaceAll(help.String(), "\\\n", " ")
	steps := regexp.MustCompile(`(?m)^  \d\. guildmark (.*)$`).FindAllStringSubmatch(text, -1)
	if len(steps) != 4 {
		t.Fatalf("found %d steps, want 4:\n%s", len(steps), text)
	}
	script := "exec guildmark " + steps[1][1] +
		" --gateway $GATEWAY\nstdout '^sealed Sunrise'\nexec guildmark " + steps[3][1] + "\nstdout '^Sunrise '\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "help.txt"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Setup: func(e *testscript.Env) error { return market(t, e) }})
}

// What publishing prints at its end: who gets what of each sale, the commission last.
func TestPublishedSaysWhoGetsWhat(t *testing.T) {
	r := publishResult{
		Offer: offer.Offer{
			ID: ledger.Hash("offer"), Price: 25_000, Model: offer.Model{Kind: "uses", Uses: 3},
			Split: royalty.Terms{
				Commission: royalty.Commission{
					Rate: 30_000_000, Min: 1, Max: 1_000_000,
					Payee: "AMSP.0123456789abcdef",
				},
				Contributors: []royalty.Contributor{
					{Payee: "LicensorsMSP.00000000000000bb", Weight: 1},
					{Payee: "LicensorsMSP.0123456789abcdef", Weight: 3},
				},
			},
		},
		title: "Sunrise", me: "LicensorsMSP.0123456789abcdef",
	}
	var err error
	r.Payees, err = payeesOf(r.Offer, licensor.Connection{Identities: []licensor.Enrolled{{
		Name:  "licensor2",
		Party: "LicensorsMSP.00000000000000bb",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "on sale: Sunrise, offer " + r.Offer.ID[:12] + "\n" +
		"3 uses for 25,000 sat (0.00025 BTC); each sale gives licensor2 4,375 sat, you 13,125 sat, " +
		"commission 7,500 sat"
	if got := r.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// market puts a licensor's files into the story's folder and a gateway's public routes behind $GATEWAY: the
// peers that sign there are a test consortium's.
func market(t *testing.T, e *testscript.Env) error {
	t.Helper()
	c, err := signedtest.New(time.Now())
	if err != nil {
		return err
	}
	srv := httptest.NewServer(gateway(t, c))
	e.Defer(srv.Close)
	secure := httptest.NewTLSServer(gateway(t, c))
	e.Defer(secure.Close)
	e.Setenv("GATEWAY", srv.URL)
	e.Setenv("TLSGATEWAY", secure.URL) // its certificate is nobody's
	dir := e.WorkDir
	listed := func(name, role, party, folder string) (map[string]string, error) {
		folder = filepath.Join(dir, folder)
		return map[string]string{
			"name": name, "partner": "licensors", "msp": "LicensorsMSP", "role": role, "party": party,
			"certificate": filepath.Join(folder, "cert.pem"),
		}, identity(folder, role)
	}
	me, err := listed("licensor1", "licensor", "LicensorsMSP.0123456789abcdef",
		"build/net/licensors/identities/licensor1")
	if err != nil {
		return err
	}
	other, err := listed("licensor2", "licensor", "LicensorsMSP.00000000000000bb", "licensor2")
	if err != nil {
		return err
	}
	reader, err := listed("reader", "reader", "LicensorsMSP.00000000000000cc", "reader")
	if err != nil {
		return err
	}
	connection, err := json.Marshal(map[string]any{
		"version": 1, "channel": "guildmark", "identities": []any{me, other, reader},
		"gateway": map[string]string{"url": srv.URL},
	})
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"build/net/connection.json": connection, "bundle.json": c.Bundle.Bytes(),
		"build/bundle.json": c.Bundle.Bytes(),
	}
	for _, name := range []string{"fixtures/beverage/sunrise.jsonl", "fixtures/beverage/busted_volume.jsonl"} {
		if files[name], err = os.ReadFile(filepath.Join("../../..", name)); err != nil {
			return err
		}
	}
	for name, raw := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// gateway answers with recipients signed by two partners, or by one when the nonce comes through $GATEWAY/one.
func gateway(t *testing.T, c *signedtest.Consortium) http.Handler {
	t.Helper()
	key := func() []byte {
		seed := make([]byte, sealed.SeedSize)
		_, _ = rand.Read(seed)
		k, err := sealed.PrivateKey(seed)
		if err != nil {
			t.Fatal(err)
		}
		return k.PublicKey().Bytes()
	}
	body := signed.RecipientsBody{Recipients: []consortium.Recipient{
		{
			Format: consortium.RecipientFormat, ID: "LicensorsMSP.c", Role: "custodian", MSP: "LicensorsMSP",
			Version: 1, HPKE: base64.StdEncoding.EncodeToString(key()),
		},
		{
			Format: consortium.RecipientFormat, ID: "ManufacturerMSP.runtime.mixer-1.vtpm", Role: "runtime",
			MSP: "ManufacturerMSP", Version: 1, HPKE: base64.StdEncoding.EncodeToString(key()), Line: "mixer-1",
			Assurance: "vtpm",
		},
		{
			Format: consortium.RecipientFormat, ID: "OperatorMSP.c", Role: "custodian", MSP: "OperatorMSP",
			Version: 1, HPKE: base64.StdEncoding.EncodeToString(key()),
		},
	}}
	sign := func(partners ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var q struct{ Nonce string }
			if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			peers, err := c.Peers(partners...)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			file, err := c.File(signedtest.Deed{
				Answer: signedtest.RecipientsAnswer(c.Bundle, q.Nonce, time.Now().Unix(), body), Signers: peers,
			})
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_, _ = w.Write(file)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/recipients/sign", sign(signedtest.Operator, signedtest.Manufacturer))
	mux.HandleFunc("POST /one/v1/recipients/sign", sign(signedtest.Operator))
	mux.HandleFunc("GET /v1/health", func(http.ResponseWriter, *http.Request) {})
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = bytes.NewBufferString(text).WriteTo(w) }
	}
	mux.HandleFunc("GET /v1/offers", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("cursor") {
			answer(`{"offers":[]}`)(w, r)
			return
		}
		answer(`{"offers":[`+offerDocument+`],"next":"abc"}`)(w, r)
	})
	mux.HandleFunc("GET /v1/offers/"+zeros, answer(offerDocument))
	manifest := dataset.Manifest{Title: "Sunrise", Version: 1}
	view := dataset.View{Manifest: base64.StdEncoding.EncodeToString(ledger.Encode(manifest)), Confirmed: []string{}}
	mux.HandleFunc("GET /v1/datasets/"+zeros+"/versions/1", answer(string(ledger.Encode(view))))
	return mux
}

const (
	zeros         = "0000000000000000000000000000000000000000000000000000000000000000"
	offerDocument = `{"format":"guildmark/offer/1","id":"` + zeros +
		`","licensor":{"msp":"LicensorsMSP","party":"LicensorsMSP.0123456789abcdef"},"dataset":"` + zeros +
		`","version":1,"model":{"kind":"uses","uses":3},"price":25000,"assurance":["vtpm"],"split":{"commission":{"rate":1,"min":1,"max":1,"payee":""},"contributors":[],"residual":""},"epoch":1}`
)

// identity writes a folder as the network does.
func identity(dir, role string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	attrs := []byte(`{"attrs":{"role":"` + role + `","party":"LicensorsMSP.0123456789abcdef"}}`)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: role}, NotBefore: time.Unix(0, 0),
		NotAfter:        time.Unix(1<<33, 0),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}, Value: attrs}},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "key.pem"),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}
