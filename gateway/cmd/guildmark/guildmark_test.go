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
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

// TestStories runs the command as a person does; each file in testdata is one story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error { return market(t, e) }})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"guildmark": func() {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}})
}

// market puts a licensor's files into the story's folder and a gateway's public routes behind $GATEWAY: the peers that
// sign there are a test consortium's.
func market(t *testing.T, e *testscript.Env) error {
	t.Helper()
	c, err := signedtest.New(time.Now())
	if err != nil {
		return err
	}
	dir := e.WorkDir
	if err := identity(filepath.Join(dir, "me"), "licensor"); err != nil {
		return err
	}
	if err := identity(filepath.Join(dir, "reader"), "reader"); err != nil {
		return err
	}
	listed := func(name string) map[string]string {
		return map[string]string{"msp": "LicensorsMSP", "certificate": filepath.Join(dir, name, "cert.pem")}
	}
	connection, err := json.Marshal(map[string]any{
		"version": 1, "channel": "guildmark", "identities": []any{listed("me"), listed("reader")},
	})
	if err != nil {
		return err
	}
	files := map[string][]byte{"connection.json": connection, "bundle.json": c.Bundle.Bytes()}
	for _, name := range []string{"sunrise", "busted_volume"} {
		if files[name+".jsonl"], err = os.ReadFile("../../../fixtures/beverage/" + name + ".jsonl"); err != nil {
			return err
		}
	}
	for name, raw := range files {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return err
		}
	}
	srv := httptest.NewServer(gateway(t, c))
	e.Defer(srv.Close)
	e.Setenv("GATEWAY", srv.URL)
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
		{Format: consortium.RecipientFormat, ID: "LicensorsMSP.c", Role: "custodian", MSP: "LicensorsMSP", Version: 1, HPKE: base64.StdEncoding.EncodeToString(key())},
		{Format: consortium.RecipientFormat, ID: "ManufacturerMSP.runtime.mixer.vtpm", Role: "runtime", MSP: "ManufacturerMSP", Version: 1, HPKE: base64.StdEncoding.EncodeToString(key()), Line: "mixer", Assurance: "vtpm"},
		{Format: consortium.RecipientFormat, ID: "OperatorMSP.c", Role: "custodian", MSP: "OperatorMSP", Version: 1, HPKE: base64.StdEncoding.EncodeToString(key())},
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
	mux.HandleFunc("GET /v1/offers", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = bytes.NewBufferString(`{"offers":[{"format":"guildmark/offer/1","id":"` + zeros + `","licensor":{"msp":"LicensorsMSP","party":"LicensorsMSP.0123456789abcdef"},"dataset":"` + zeros +
			`","version":1,"model":{"kind":"uses","uses":3},"price":25000,"assurance":["vtpm"],"split":{"commission":{"rate":1,"min":1,"max":1,"payee":""},"contributors":[],"residual":""},"epoch":1}],"next":"abc"}`).WriteTo(w)
	})
	return mux
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// identity writes a folder as the network does.
func identity(dir, role string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	attrs := []byte(`{"attrs":{"role":"` + role + `","party":"LicensorsMSP.0123456789abcdef"}}`)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: role}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
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
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}
