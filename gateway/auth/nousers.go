package auth

import (
	"context"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// noUsers is the rest of op.Storage. There are no people, codes and refresh tokens here, so every method
// fails.
type noUsers struct{}

func unsupported() *oidc.Error { return oidc.ErrUnsupportedGrantType() }

// CreateAuthRequest always fails: there are no sign-in pages.
func (noUsers) CreateAuthRequest(context.Context, *oidc.AuthRequest, string) (op.AuthRequest, error) {
	return nil, unsupported()
}

// AuthRequestByID always fails.
func (noUsers) AuthRequestByID(context.Context, string) (op.AuthRequest, error) {
	return nil, unsupported()
}

// AuthRequestByCode always fails: there are no codes.
func (noUsers) AuthRequestByCode(context.Context, string) (op.AuthRequest, error) {
	return nil, unsupported()
}

// SaveAuthCode always fails.
func (noUsers) SaveAuthCode(context.Context, string, string) error { return unsupported() }

// DeleteAuthRequest always fails.
func (noUsers) DeleteAuthRequest(context.Context, string) error { return unsupported() }

// CreateAccessAndRefreshTokens always fails: there are no refresh tokens, machines sign in again.
func (noUsers) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string,
	time.Time, error,
) {
	return "", "", time.Time{}, unsupported()
}

// TokenRequestByRefreshToken always fails.
func (noUsers) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, unsupported()
}

// TerminateSession always fails: there are no sessions.
func (noUsers) TerminateSession(context.Context, string, string) error { return unsupported() }

// RevokeToken always fails: access tokens expire after five minutes.
func (noUsers) RevokeToken(context.Context, string, string, string) *oidc.Error { return unsupported() }

// GetRefreshTokenInfo always fails.
func (noUsers) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// AuthorizeClientIDSecret always fails: machines have no client secret.
func (noUsers) AuthorizeClientIDSecret(context.Context, string, string) error {
	return oidc.ErrInvalidClient()
}

// SetUserinfoFromScopes always fails: there are no users.
func (noUsers) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return unsupported()
}

// SetUserinfoFromToken always fails: there are no users.
func (noUsers) SetUserinfoFromToken(context.Context, *oidc.UserInfo, string, string, string) error {
	return unsupported()
}

// SetIntrospectionFromToken always fails: the gateway checks tokens itself.
func (noUsers) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return unsupported()
}

// ValidateJWTProfileScopes always fails: here an assertion is not a grant.
func (noUsers) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, unsupported()
}
