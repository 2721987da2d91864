package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Assertions: made for one request, so they live shortly; clocks of machines may be off by a little.
const (
	maxAssertionLife = 5 * time.Minute
	clockOff         = 5 * time.Second
	maxAssertionID   = 128
	maxAssertion     = 4096
)

// Config is what a Server works with; all of it is required.
type Config struct {
	Issuer   string // its own address; the audience of assertions
	Audience string // the gateway's address; the audience of tokens
	Keys     *Keys
	Machines *Machines
	Once     *Once
	Log      *slog.Logger
	Version  string
}

// Server overrides the library where it is too kind (facts: it never reads the assertion of a client_credentials
// request, allows any jti, and advertises what we don't do).
type Server struct {
	*op.LegacyServer
	config   Config
	provider *provider
	patience time.Duration
}

// provider gives the library's assertion check our bounds instead of an hour.
type provider struct{ *op.Provider }

// JWTProfileVerifier checks audience = issuer, expiry, age, issuer = subject, signature.
func (p *provider) JWTProfileVerifier(ctx context.Context) *op.JWTProfileVerifier {
	return op.NewJWTProfileVerifier(p.Storage(), op.IssuerFromContext(ctx), maxAssertionLife, clockOff)
}

// New checks the configuration and starts nothing.
func New(c Config) (*Server, error) {
	if c.Issuer == "" || c.Audience == "" || c.Keys == nil || c.Machines == nil || c.Once == nil || c.Log == nil {
		return nil, errors.New("authorization server: the configuration lacks a part")
	}
	store := &storage{keys: c.Keys, machines: c.Machines, audience: c.Audience}
	base, err := op.NewProvider(&op.Config{SupportedScopes: scopes(), AuthMethodPrivateKeyJWT: true}, store,
		op.StaticIssuer(c.Issuer), op.WithLogger(c.Log))
	if err != nil {
		return nil, fmt.Errorf("authorization server: %w", err)
	}
	endpoints := op.Endpoints{Token: op.NewEndpoint("oauth/token"), JwksURI: op.NewEndpoint("keys")}
	return &Server{LegacyServer: op.NewLegacyServer(base, endpoints), config: c, provider: &provider{base}, patience: patience}, nil
}

// VerifyClient takes an assertion by the machine's own key, once, and nothing else.
func (s *Server) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	if oidc.GrantType(r.Form.Get("grant_type")) != oidc.GrantTypeClientCredentials {
		return nil, oidc.ErrUnsupportedGrantType().WithDescription("machines use client_credentials")
	}
	if r.Data.ClientAssertion == "" || r.Data.ClientSecret != "" || len(r.Data.ClientAssertion) > maxAssertion {
		return nil, invalidClient("authenticate with private_key_jwt", nil)
	}
	claims, err := s.readAssertion(r.Data)
	if err != nil {
		return nil, err
	}
	// The ledger first: whether it can't be asked or doesn't know the machine must stay two answers.
	if _, err := s.config.Machines.Key(ctx, claims.Issuer); err != nil && !errors.Is(err, ErrUnknownMachine) {
		s.config.Log.ErrorContext(ctx, "machine can't be looked up", "error", err)
		return nil, op.NewStatusError(oidc.ErrServerError().WithDescription("the ledger can't be asked now"), http.StatusServiceUnavailable)
	}
	c, err := op.AuthorizePrivateJWTKey(ctx, r.Data.ClientAssertion, s.provider)
	if err != nil {
		return nil, invalidClient("the assertion is not good", err)
	}
	first, err := s.config.Once.Use(ctx, c.GetID(), claims.JWTID, claims.Expiration.AsTime().Add(2*clockOff))
	if err != nil {
		s.config.Log.ErrorContext(ctx, "used assertions can't be stored", "error", err)
		return nil, op.NewStatusError(oidc.ErrServerError().WithDescription("try again"), http.StatusServiceUnavailable)
	}
	if !first {
		return nil, invalidClient("the assertion was used before", nil)
	}
	return c, nil
}

// readAssertion checks what the library doesn't, before its checks and the signature: these claims count only if
// the library then accepts the very same bytes.
func (s *Server) readAssertion(cc *op.ClientCredentials) (*oidc.TokenClaims, error) {
	claims := new(oidc.TokenClaims)
	if _, err := oidc.ParseToken(cc.ClientAssertion, claims); err != nil {
		return nil, invalidClient("the assertion can't be read", err)
	}
	switch life := time.Until(claims.Expiration.AsTime()); {
	case claims.Expiration == 0 || claims.IssuedAt == 0:
		return nil, invalidClient("the assertion needs exp and iat", nil)
	case life > maxAssertionLife+clockOff:
		return nil, invalidClient("the assertion lives too long", nil)
	case claims.JWTID == "" || len(claims.JWTID) > maxAssertionID:
		return nil, invalidClient("the assertion needs a jti", nil)
	case len(claims.Audience) != 1 || claims.Audience[0] != s.config.Issuer:
		return nil, invalidClient("the assertion's audience must be the issuer alone", nil)
	case cc.ClientID != "" && cc.ClientID != claims.Issuer:
		return nil, invalidClient("client_id is not the assertion's issuer", nil)
	}
	return claims, nil
}

// invalidClient answers 401 as RFC 6749 wants; the cause stays in the log.
func invalidClient(why string, cause error) error {
	return op.NewStatusError(oidc.ErrInvalidClient().WithDescription("%s", why).WithParent(cause), http.StatusUnauthorized)
}

// JWTProfile refuses: an assertion authenticates, it is no grant.
func (s *Server) JWTProfile(context.Context, *op.Request[oidc.JWTProfileGrantRequest]) (*op.Response, error) {
	return nil, oidc.ErrUnsupportedGrantType().WithDescription("machines use client_credentials")
}

// metadata is RFC 8414's document, of what this server really does.
type metadata struct {
	Issuer         string   `json:"issuer"`
	TokenEndpoint  string   `json:"token_endpoint"`
	JWKS           string   `json:"jwks_uri"`
	Scopes         []string `json:"scopes_supported"`
	ResponseTypes  []string `json:"response_types_supported"`
	Grants         []string `json:"grant_types_supported"`
	AuthMethods    []string `json:"token_endpoint_auth_methods_supported"`
	AuthAlgorithms []string `json:"token_endpoint_auth_signing_alg_values_supported"`
}

// Discovery answers for both well-known addresses.
func (s *Server) Discovery(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return op.NewResponse(metadata{
		Issuer: s.config.Issuer, TokenEndpoint: s.config.Issuer + "/oauth/token", JWKS: s.config.Issuer + "/keys", Scopes: scopes(),
		ResponseTypes: []string{}, Grants: []string{string(oidc.GrantTypeClientCredentials)},
		AuthMethods: []string{string(oidc.AuthMethodPrivateKeyJWT)}, AuthAlgorithms: []string{"ES256"},
	}), nil
}
