// Package ca registers and enrolls identities at a Fabric CA over its REST interface, with the standard
// library alone.
//
// Does not write anything to disk, and holds a secret no longer than a call: callers store what they get.
//
// Read Client first. [ErrRefused] says that the CA refused the request, with the CA's own words: correct the
// request. Every other error is a broken connection or response; the call may be repeated.
package ca

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
)

// ErrRefused means that the CA refused a request: a wrong secret, a name that is taken, a right that the
// registrar lacks. The CA's own words follow; the same request will be refused again.
var ErrRefused = errors.New("the CA refused the request")

// Client talks to one CA of a Fabric CA process.
type Client struct {
	URL  string // of the process
	Name string // of one of its two authorities: identity or tls
}

// Attribute becomes part of the certificate when ECert is true.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	ECert bool   `json:"ecert"`
}

// Registration names an identity that will enroll.
type Registration struct {
	ID         string // becomes the certificate's common name
	Type       string // orderer, peer, admin or client: becomes the NodeOU
	Attributes []Attribute
}

// Enrolled is a certificate with its key and the root that signed it, all PEM.
type Enrolled struct {
	Certificate []byte
	Key         []byte // PKCS #8
	Root        []byte
	signer      *ecdsa.PrivateKey
}

// Resume makes an enrolled identity from stored PEM, which signs requests as a registrar.
func Resume(certificate, key []byte) (Enrolled, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return Enrolled{}, errors.New("resume enrolled identity: expected the key as PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Enrolled{}, fmt.Errorf("resume enrolled identity: %w", err)
	}
	signer, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return Enrolled{}, fmt.Errorf("resume enrolled identity: expected an ECDSA key, got %T", parsed)
	}
	return Enrolled{Certificate: certificate, Key: key, signer: signer}, nil
}

// Enroll makes a P-256 key and has the CA certify it, with the secret that [Client.Register] returned. Hosts
// are for certificates of profile "tls" only.
func (c Client) Enroll(ctx context.Context, id, secret, profile string, hosts []string) (Enrolled, error) {
	return c.certify(ctx, "/api/v1/enroll", id, profile, hosts, func(r *http.Request, _ []byte) error {
		r.SetBasicAuth(id, secret)
		return nil
	})
}

// Reenroll certifies another new key under the name of an identity that enrolled before. It needs no secret,
// and saves the CA two rounds of bcrypt.
func (c Client) Reenroll(ctx context.Context, who Enrolled, id, profile string, hosts []string) (Enrolled, error) {
	return c.certify(ctx, "/api/v1/reenroll", id, profile, hosts, who.authorize)
}

func (c Client) certify(ctx context.Context, path, id, profile string, hosts []string,
	authorize authorization,
) (Enrolled, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Enrolled{}, fmt.Errorf("enroll %s: %w", id, err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: id}}, key)
	if err != nil {
		return Enrolled{}, fmt.Errorf("enroll %s: %w", id, err)
	}
	body := map[string]any{
		"certificate_request": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})),
		"profile":             profile, "hosts": hosts, "caname": c.Name,
	}
	var result struct {
		Cert       []byte
		ServerInfo struct{ CAChain []byte }
	}
	if err := c.post(ctx, path, body, &result, authorize); err != nil {
		return Enrolled{}, fmt.Errorf("enroll %s at %s: %w", id, c.Name, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Enrolled{}, fmt.Errorf("enroll %s: %w", id, err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	return Enrolled{Certificate: result.Cert, Key: private, Root: result.ServerInfo.CAChain, signer: key}, nil
}

// Register makes an identity known to the CA, as a registrar, and returns its one-time secret.
func (c Client) Register(ctx context.Context, registrar Enrolled, r Registration) (string, error) {
	body := map[string]any{
		"id": r.ID, "type": r.Type, "attrs": r.Attributes, "caname": c.Name,
		"affiliation":     "", // anything else would become an OU
		"max_enrollments": 1,
	}
	var result struct {
		Secret string `json:"secret"`
	}
	if err := c.post(ctx, "/api/v1/register", body, &result, registrar.authorize); err != nil {
		return "", fmt.Errorf("register %s at %s: %w", r.ID, c.Name, err)
	}
	return result.Secret, nil
}

// authorization adds the caller's proof to a request with the given body.
type authorization func(r *http.Request, body []byte) error

func (e Enrolled) authorize(r *http.Request, body []byte) error {
	token, err := e.token(r.Method, r.URL.RequestURI(), body)
	r.Header.Set("Authorization", token)
	return err
}

// token signs a request as fabric-ca v1.5 wants it (util.GenECDSAToken): base64(cert).base64(signature) over
// SHA-256 of method.base64(path).base64(body).base64(cert), low-S.
func (e Enrolled) token(method, uri string, body []byte) (string, error) {
	b64 := base64.StdEncoding.EncodeToString
	digest := sha256.Sum256([]byte(method + "." + b64([]byte(uri)) + "." + b64(body) + "." + b64(e.Certificate)))
	r, s, err := ecdsa.Sign(rand.Reader, e.signer, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign request: %w", err)
	}
	order := e.signer.Params().N
	if half := new(big.Int).Rsh(order, 1); s.Cmp(half) > 0 {
		s.Sub(order, s)
	}
	signature, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		return "", fmt.Errorf("sign request: %w", err)
	}
	return b64(e.Certificate) + "." + b64(signature), nil
}

func (c Client) post(ctx context.Context, path string, body, result any, authorize authorization) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if err := authorize(req, raw); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Success bool            `json:"success"`
		Result  json.RawMessage `json:"result"`
		Errors  []struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("read the CA's response (%s): %w", resp.Status, err)
	}
	if !answer.Success {
		return fmt.Errorf("%w: %s %v", ErrRefused, resp.Status, answer.Errors)
	}
	return json.Unmarshal(answer.Result, result)
}
