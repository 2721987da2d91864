package ca_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/network/ca"
)

// The real CA is asked in network/play's tests; here stands what its side of the protocol checks, and how
// broken answers are told from refusals.

// answering is a CA that gives one answer and keeps the request.
func answering(t *testing.T, status int, answer string) (ca.Client, *http.Request, *[]byte) {
	t.Helper()
	kept, body := &http.Request{}, &[]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*kept = *r
		*body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return ca.Client{URL: server.URL, Name: "identity"}, kept, body
}

func enrolled(t *testing.T) ca.Enrolled {
	t.Helper()
	client, _, _ := answering(t, 201, `{"success":true,"result":{"Cert":"Y2VydA==","ServerInfo":{"CAChain":"cm9vdA=="}},"errors":[]}`)
	e, err := client.Enroll(t.Context(), "registrar", "secret", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEnroll(t *testing.T) {
	client, request, body := answering(t, 201,
		`{"success":true,"result":{"Cert":"Y2VydA==","ServerInfo":{"CAChain":"cm9vdA=="}},"errors":[]}`)
	e, err := client.Enroll(t.Context(), "peer.operator", "secret", "tls", []string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Certificate) != "cert" || string(e.Root) != "root" {
		t.Errorf("certificate %q, root %q", e.Certificate, e.Root)
	}
	if user, password, _ := request.BasicAuth(); user != "peer.operator" || password != "secret" {
		t.Errorf("authorization %q %q", user, password)
	}
	var sent struct {
		Request string `json:"certificate_request"`
		Profile string `json:"profile"`
		CAName  string `json:"caname"`
		Hosts   []string
	}
	if err := json.Unmarshal(*body, &sent); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(sent.Request))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || csr.CheckSignature() != nil || csr.Subject.CommonName != "peer.operator" {
		t.Errorf("request %v, %v", csr.Subject, err)
	}
	if sent.Profile != "tls" || sent.CAName != "identity" || strings.Join(sent.Hosts, " ") != "localhost" {
		t.Errorf("sent %+v", sent)
	}
	if again, err := ca.Resume(e.Certificate, e.Key); err != nil || string(again.Key) != string(e.Key) {
		t.Errorf("resume: %v", err)
	}
}

func TestRegisterIsSigned(t *testing.T) {
	registrar := enrolled(t)
	public := publicKey(t, registrar.Key)
	for range 20 { // half of all raw signatures would have a high S
		client, request, body := answering(t, 201, `{"success":true,"result":{"secret":"s"},"errors":[]}`)
		if _, err := client.Register(t.Context(), registrar, ca.Registration{ID: "x", Type: "client"}); err != nil {
			t.Fatal(err)
		}
		cert, signature, _ := strings.Cut(request.Header.Get("Authorization"), ".")
		b64 := base64.StdEncoding.EncodeToString
		digest := sha256.Sum256([]byte("POST." + b64([]byte("/api/v1/register")) + "." + b64(*body) + "." + cert))
		der, err := base64.StdEncoding.DecodeString(signature)
		if err != nil || !ecdsa.VerifyASN1(public, digest[:], der) {
			t.Fatalf("signature doesn't verify (%v)", err)
		}
		var parts struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(der, &parts); err != nil {
			t.Fatal(err)
		}
		if parts.S.Cmp(new(big.Int).Rsh(elliptic.P256().Params().N, 1)) > 0 {
			t.Fatal("high S: Fabric refuses it")
		}
	}
}

func TestAnswers(t *testing.T) {
	registrar := enrolled(t)
	tests := []struct {
		name    string
		status  int
		answer  string
		refused bool
	}{
		{"refused", 403, `{"success":false,"result":null,"errors":[{"code":71,"message":"Authorization failure"}]}`, true},
		{"not JSON", 502, `bad gateway`, false},
		{"cut off", 201, `{"success":true,"result":{"sec`, false},
		{"result of another kind", 201, `{"success":true,"result":[1],"errors":[]}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, _, _ := answering(t, tt.status, tt.answer)
			_, err := client.Register(t.Context(), registrar, ca.Registration{ID: "x", Type: "client"})
			if err == nil || errors.Is(err, ca.ErrRefused) != tt.refused {
				t.Errorf("err = %v, want refused %v", err, tt.refused)
			}
		})
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	client, _, _ := answering(t, 201, `{}`)
	if _, err := client.Register(canceled, registrar, ca.Registration{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestResumeRefuses(t *testing.T) {
	for name, key := range map[string]string{
		"no PEM":    "key",
		"no PKCS 8": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := ca.Resume(nil, []byte(key)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func publicKey(t *testing.T, key []byte) *ecdsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode(key)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("key of type %T", parsed)
	}
	return &private.PublicKey
}
