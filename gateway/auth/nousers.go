package auth

import (
	"context"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// noUsers is the rest of op.Storage: everything about people, codes and refresh tokens refuses.
type noUsers struct{}

func unsupported() *oidc.Error { return oidc.ErrUnsupportedGrantType() }

// CreateAuthRequest refuses: no sign-in pages.
func (noUsers) CreateAuthRequest(context.Context, *oidc.AuthRequest, string) (op.AuthRequest, error) {
	return nil, unsupported()
}

// AuthRequestByID refuses.
func (noUsers) AuthRequestByID(context.Context, string) (op.AuthRequest, error) {
	return nil, unsupported()
}

// AuthRequestByCode refuses: no codes.
func (noUsers) AuthRequestByCode(context.Context, string) (op.AuthRequest, error) {
	return nil, unsupported()
}

// SaveAuthCode refuses.
func (noUsers) SaveAuthCode(context.Context, string, string) error { return unsupported() }

// DeleteAuthRequest refuses.
func (noUsers) DeleteAuthRequest(context.Context, string) error { return unsupported() }

// CreateAccessAndRefreshTokens refuses: machines sign in again.
func (noUsers) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, unsupported()
}

// TokenRequestByRefreshToken refuses.
func (noUsers) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, unsupported()
}

// TerminateSession refuses: no sessions.
func (noUsers) TerminateSession(context.Context, string, string) error { return unsupported() }

// RevokeToken refuses: access tokens end by themselves.
func (noUsers) RevokeToken(context.Context, string, string, string) *oidc.Error { return unsupported() }

// GetRefreshTokenInfo knows none.
func (noUsers) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// AuthorizeClientIDSecret refuses: no secrets.
func (noUsers) AuthorizeClientIDSecret(context.Context, string, string) error {
	return oidc.ErrInvalidClient()
}

// SetUserinfoFromScopes has nobody to describe.
func (noUsers) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return unsupported()
}

// SetUserinfoFromToken has nobody to describe.
func (noUsers) SetUserinfoFromToken(context.Context, *oidc.UserInfo, string, string, string) error {
	return unsupported()
}

// SetIntrospectionFromToken refuses: the gateway checks tokens by itself.
func (noUsers) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return unsupported()
}

// ValidateJWTProfileScopes refuses: an assertion is no grant here.
func (noUsers) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, unsupported()
}
