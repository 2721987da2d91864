package market

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ErrIssuer means that the authorization server describes itself under another URL than the configured one.
// Set issuer.url to the URL that Saw shows, spelled in the same way.
var ErrIssuer = ledger.Refuse(ledger.Forbidden, "machine.issuer",
	"the authorization server names itself otherwise than issuer.url")

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523, 2.2
	assertionLife = time.Minute
	scopes        = "order license"
	// tokenMargin renews a token before the gateway could find it expired.
	tokenMargin = 30 * time.Second
)

// Issuer is the authorization server.
type Issuer struct{ client *client }

// NewIssuer prepares calls to the authorization server and sends nothing yet.
func NewIssuer(s Server) (*Issuer, error) {
	c, err := newClient(s)
	return &Issuer{client: c}, err
}

// URL is where the authorization server answers; it is also the audience of the machine's assertions.
func (i *Issuer) URL() string { return i.client.base }

// metadata is what the machine reads of the server's own description (RFC 8414).
type metadata struct {
	Issuer   string `json:"issuer"`
	Endpoint string `json:"token_endpoint"`
}

// Health asks the server for its description.
func (i *Issuer) Health(ctx context.Context) error {
	_, _, err := i.describe(ctx)
	return err
}

// describe reads the server's description and refuses one of another issuer: the assertion would be made for
// it.
func (i *Issuer) describe(ctx context.Context) (issuer, tokenPath string, err error) {
	var m metadata
	if err := i.client.get(ctx, "/.well-known/openid-configuration", &m); err != nil {
		return "", "", err
	}
	path, below := strings.CutPrefix(m.Endpoint, i.client.base+"/")
	if strings.TrimSuffix(m.Issuer, "/") != i.client.base || !below {
		return "", "", ErrIssuer.With(m.Issuer)
	}
	return m.Issuer, "/" + path, nil
}

// SignIn keeps one machine's access token fresh. The token stays in memory.
type SignIn struct {
	issuer  *Issuer
	machine string
	key     func() (crypto.Signer, error)
	token   Token
}

// NewSignIn signs the machine in by its sign-in key when the first token is wanted.
func NewSignIn(issuer *Issuer, machine string, key func() (crypto.Signer, error)) *SignIn {
	return &SignIn{issuer: issuer, machine: machine, key: key}
}

// Token is an access token as the authorization server issued it.
type Token struct {
	Text    string
	Expires time.Time
}

// Bearer is a token for the gateway, fresh enough for one request.
func (s *SignIn) Bearer(ctx context.Context) (string, error) {
	if time.Now().Add(tokenMargin).Before(s.token.Expires) {
		return s.token.Text, nil
	}
	token, err := s.Token(ctx, scopes)
	if err != nil {
		return "", err
	}
	s.token = token
	return s.token.Text, nil
}

// Token signs the machine in for the scopes named, and keeps nothing.
func (s *SignIn) Token(ctx context.Context, scopes string) (Token, error) {
	issuer, path, err := s.issuer.describe(ctx)
	if err != nil {
		return Token{}, err
	}
	assertion, err := s.assertion(issuer)
	if err != nil {
		return Token{}, err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {scopes},
		"client_assertion_type": {assertionType}, "client_assertion": {assertion},
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	if err := s.issuer.client.form(ctx, path, form, &answer); err != nil {
		return Token{}, err
	}
	if answer.Token == "" {
		return Token{}, ErrAnswer.With("no access token")
	}
	return Token{Text: answer.Token, Expires: time.Now().Add(time.Duration(answer.Seconds) * time.Second)}, nil
}

// assertion proves to the issuer that the machine's TPM asks (RFC 7523): ES256 by the sign-in key.
func (s *SignIn) assertion(issuer string) (string, error) {
	key, err := s.key()
	if err != nil {
		return "", err
	}
	now := time.Now()
	token := jwt.NewWithClaims(signerES256{}, jwt.RegisteredClaims{
		Issuer: s.machine, Subject: s.machine, Audience: jwt.ClaimStrings{issuer}, ID: Nonce(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)),
	})
	text, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign a client assertion: %w", err)
	}
	return text, nil
}

// signerES256 is ES256 (RFC 7518, 3.4) with a crypto.Signer: golang-jwt's own wants the private key itself.
type signerES256 struct{}

// Alg names the algorithm.
func (signerES256) Alg() string { return jwt.SigningMethodES256.Alg() }

// Verify is golang-jwt's.
func (signerES256) Verify(text string, signature []byte, key any) error {
	return jwt.SigningMethodES256.Verify(text, signature, key)
}

// Sign turns the signer's DER into r || s, 32 bytes each.
func (signerES256) Sign(text string, key any) ([]byte, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, jwt.ErrInvalidKeyType
	}
	h := crypto.SHA256.New()
	h.Write([]byte(text))
	der, err := signer.Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var s struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &s); err != nil || len(rest) != 0 {
		return nil, jwt.ErrSignatureInvalid
	}
	out := make([]byte, 64)
	s.R.FillBytes(out[:32])
	s.S.FillBytes(out[32:])
	return out, nil
}
