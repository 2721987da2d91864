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

// Bounds of assertions. They are made for one request, so they live shortly; a machine's clock may be off by
// clockOff.
const (
	maxAssertionLife = 5 * time.Minute
	clockOff         = 5 * time.Second
	maxAssertionID   = 128
	maxAssertion     = 4096
)

// Config has the parts of a Server. All are required but Version.
type Config struct {
	Issuer   string // the server's own URL: the audience of assertions
	Audience string // the gateway's URL: the audience of tokens
	Keys     *Keys
	Machines *Machines
	Once     *Once
	Log      *slog.Logger
	Version  string
}

// Server overrides the library where it checks too little: it does not read the assertion of a
// client_credentials request, accepts any jti, and advertises grants that this server does not have.
type Server struct {
	*op.LegacyServer
	config   Config
	provider *provider
	patience time.Duration
}

// provider bounds the life of an assertion by maxAssertionLife; the library allows an hour.
type provider struct{ *op.Provider }

// JWTProfileVerifier checks audience = issuer, expiry, age, issuer = subject, signature.
func (p *provider) JWTProfileVerifier(ctx context.Context) *op.JWTProfileVerifier {
	return op.NewJWTProfileVerifier(p.Storage(), op.IssuerFromContext(ctx), maxAssertionLife, clockOff)
}

// New checks the configuration and starts nothing.
func New(c Config) (*Server, error) {
	if c.Issuer == "" || c.Audience == "" || c.Keys == nil || c.Machines == nil || c.Once == nil || c.Log == nil {
		return nil, errors.New("authorization server: auth.Config lacks one of Issuer, Audience, Keys, " +
			"Machines, Once, Log")
	}
	store := &storage{keys: c.Keys, machines: c.Machines, audience: c.Audience}
	base, err := op.NewProvider(&op.Config{SupportedScopes: scopes(), AuthMethodPrivateKeyJWT: true}, store,
		op.StaticIssuer(c.Issuer), op.WithLogger(c.Log))
	if err != nil {
		return nil, fmt.Errorf("authorization server: %w", err)
	}
	endpoints := op.Endpoints{Token: op.NewEndpoint("oauth/token"), JwksURI: op.NewEndpoint("keys")}
	return &Server{
		LegacyServer: op.NewLegacyServer(base, endpoints), config: c, provider: &provider{base},
		patience: patience,
	}, nil
}

// VerifyClient accepts an assertion by the machine's own key, once. It rejects every other way to
// authenticate.
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
	// The ledger first: a ledger that does not answer (503) and an unknown machine (401) must be told apart.
	if _, err := s.config.Machines.Key(ctx, claims.Issuer); err != nil && !errors.Is(err, ErrUnknownMachine) {
		s.config.Log.ErrorContext(ctx, "machine not looked up: the ledger does not answer", "error", err)
		return nil, op.NewStatusError(oidc.ErrServerError().WithDescription(
			"the ledger does not answer now; try again"), http.StatusServiceUnavailable)
	}
	c, err := op.AuthorizePrivateJWTKey(ctx, r.Data.ClientAssertion, s.provider)
	if err != nil {
		return nil, invalidClient("the assertion's signature, issuer, subject, age or expiry is not accepted", err)
	}
	first, err := s.config.Once.Use(ctx, c.GetID(), claims.JWTID, claims.Expiration.AsTime().Add(2*clockOff))
	if err != nil {
		s.config.Log.ErrorContext(ctx, "assertion not recorded as used", "error", err)
		return nil, op.NewStatusError(oidc.ErrServerError().WithDescription("try again"),
			http.StatusServiceUnavailable)
	}
	if !first {
		return nil, invalidClient("the assertion was used before", nil)
	}
	return c, nil
}

// readAssertion makes the checks that the library lacks. It runs before the signature is checked, so its
// claims count only when the library then accepts the same bytes.
func (s *Server) readAssertion(cc *op.ClientCredentials) (*oidc.TokenClaims, error) {
	claims := new(oidc.TokenClaims)
	if _, err := oidc.ParseToken(cc.ClientAssertion, claims); err != nil {
		return nil, invalidClient("the assertion is not a JWT", err)
	}
	switch life := time.Until(claims.Expiration.AsTime()); {
	case claims.Expiration == 0 || claims.IssuedAt == 0:
		return nil, invalidClient("the assertion needs exp and iat", nil)
	case life > maxAssertionLife+clockOff:
		return nil, invalidClient("the assertion must expire within 5 minutes", nil)
	case claims.JWTID == "" || len(claims.JWTID) > maxAssertionID:
		return nil, invalidClient("the assertion needs a jti of 1 to 128 bytes", nil)
	case len(claims.Audience) != 1 || claims.Audience[0] != s.config.Issuer:
		return nil, invalidClient("the assertion's audience must be the issuer alone", nil)
	case cc.ClientID != "" && cc.ClientID != claims.Issuer:
		return nil, invalidClient("client_id is not the assertion's issuer", nil)
	}
	return claims, nil
}

// invalidClient is status 401 as in RFC 6749, 5.2. The cause goes to the log only.
func invalidClient(why string, cause error) error {
	return op.NewStatusError(oidc.ErrInvalidClient().WithDescription("%s", why).WithParent(cause),
		http.StatusUnauthorized)
}

// JWTProfile always fails: here an assertion authenticates a client and is not a grant.
func (s *Server) JWTProfile(context.Context, *op.Request[oidc.JWTProfileGrantRequest]) (*op.Response, error) {
	return nil, oidc.ErrUnsupportedGrantType().WithDescription("machines use client_credentials")
}

// metadata is RFC 8414's document, with what this server supports.
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

// Discovery returns the metadata, for both well-known paths.
func (s *Server) Discovery(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return op.NewResponse(metadata{
		Issuer: s.config.Issuer, TokenEndpoint: s.config.Issuer + "/oauth/token", JWKS: s.config.Issuer +
			"/keys", Scopes: scopes(),
		ResponseTypes: []string{}, Grants: []string{string(oidc.GrantTypeClientCredentials)},
		AuthMethods: []string{string(oidc.AuthMethodPrivateKeyJWT)}, AuthAlgorithms: []string{"ES256"},
	}), nil
}
