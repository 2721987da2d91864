package auth

import (
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// scopes are those that a machine can get.
func scopes() []string { return []string{"order", "license"} }

// client is a machine in the library's terms: one grant type, one way to authenticate.
type client struct{ id string }

// GetID is the machine id.
func (c client) GetID() string { return c.id }

// RedirectURIs: none, machines have no browser.
func (c client) RedirectURIs() []string { return nil }

// PostLogoutRedirectURIs: none.
func (c client) PostLogoutRedirectURIs() []string { return nil }

// ApplicationType has no meaning without redirects.
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeNative }

// AuthMethod is private_key_jwt only.
func (c client) AuthMethod() oidc.AuthMethod { return oidc.AuthMethodPrivateKeyJWT }

// ResponseTypes: none.
func (c client) ResponseTypes() []oidc.ResponseType { return nil }

// GrantTypes is client_credentials only.
func (c client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeClientCredentials}
}

// LoginURL: none.
func (c client) LoginURL(string) string { return "" }

// AccessTokenType is JWT: the gateway checks it without asking this server.
func (c client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

// IDTokenLifetime: none is issued.
func (c client) IDTokenLifetime() time.Duration { return 0 }

// DevMode is off.
func (c client) DevMode() bool { return false }

// RestrictAdditionalIdTokenScopes passes no scope: there are no id_tokens.
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string { //nolint:revive,staticcheck // the library's name
	return func([]string) []string { return nil }
}

// RestrictAdditionalAccessTokenScopes passes the scopes that were checked before.
func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(asked []string) []string { return asked }
}

// IsScopeAllowed reports whether the scope is a known one.
func (c client) IsScopeAllowed(scope string) bool { return slices.Contains(scopes(), scope) }

// IDTokenUserinfoClaimsAssertion: no id_tokens.
func (c client) IDTokenUserinfoClaimsAssertion() bool { return false }

// ClockSkew is zero: tokens count from now on.
func (c client) ClockSkew() time.Duration { return 0 }

// tokenRequest holds what a token is made of.
type tokenRequest struct {
	machine  string
	audience string
	scopes   []string
}

// GetSubject is the machine itself.
func (r tokenRequest) GetSubject() string { return r.machine }

// GetAudience is the gateway.
func (r tokenRequest) GetAudience() []string { return []string{r.audience} }

// GetScopes are the granted ones.
func (r tokenRequest) GetScopes() []string { return r.scopes }
