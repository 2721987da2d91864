package agent

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

// ErrIssuer refuses an authorization server that isn't the configured one.
var ErrIssuer = ledger.Refuse(ledger.Forbidden, "machine.issuer", "the authorization server's metadata names another issuer")

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523, 2.2
	assertionLife = time.Minute
	scopes        = "order license"
	// tokenMargin renews a token before the gateway could find it expired.
	tokenMargin = 30 * time.Second
)

// accessToken is held in memory only.
type accessToken struct {
	value   string
	expires time.Time
}

// bearer is a token for the gateway, fresh enough for one request.
func (d *desk) bearer(ctx context.Context) (string, error) {
	if time.Now().Before(d.token.expires) {
		return d.token.value, nil
	}
	var metadata struct {
		Issuer   string `json:"issuer"`
		Endpoint string `json:"token_endpoint"`
	}
	if err := d.issuer.call(ctx, "GET", "/.well-known/openid-configuration", nil, &metadata); err != nil {
		return "", err
	}
	path, ours := strings.CutPrefix(metadata.Endpoint, d.issuer.base+"/")
	if strings.TrimSuffix(metadata.Issuer, "/") != d.issuer.base || !ours {
		return "", ErrIssuer.With(metadata.Issuer)
	}
	assertion, err := d.assertion(metadata.Issuer)
	if err != nil {
		return "", err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {scopes},
		"client_assertion_type": {assertionType}, "client_assertion": {assertion},
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	if err := d.issuer.post(ctx, "/"+path, form, &answer); err != nil {
		return "", err
	}
	if answer.Token == "" {
		return "", ErrAnswer.With("no access token")
	}
	d.token = accessToken{answer.Token, time.Now().Add(time.Duration(answer.Seconds)*time.Second - tokenMargin)}
	return answer.Token, nil
}

// assertion proves to the issuer that the machine's TPM asks (RFC 7523): ES256 by the sign-in key.
func (d *desk) assertion(issuer string) (string, error) {
	key, err := d.tpm.Token()
	if err != nil {
		return "", err
	}
	id, err := d.fresh()
	if err != nil {
		return "", err
	}
	now := time.Now()
	token := jwt.NewWithClaims(signerES256{}, jwt.RegisteredClaims{
		Issuer: d.enrolled.Machine.ID, Subject: d.enrolled.Machine.ID, Audience: jwt.ClaimStrings{issuer}, ID: id,
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
