package auth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// tokenLife is how long an access token counts. It is short, since the gateway does not ask whether it was
// revoked.
const tokenLife = 5 * time.Minute

// storage is the library's view of keys and machines. The methods for users, codes, refresh tokens and
// secrets always fail, see noUsers.
type storage struct {
	noUsers
	keys     *Keys
	machines *Machines
	audience string
}

// Health is for the library's readiness route, which is not reachable here.
func (s *storage) Health(context.Context) error { return nil }

// SigningKey is the newest key.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.keys.newest(), nil }

// SignatureAlgorithms is ES256 only.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet are the published keys.
func (s *storage) KeySet(context.Context) ([]op.Key, error) {
	var out []op.Key
	for _, k := range s.keys.all() {
		out = append(out, publicKey{k})
	}
	return out, nil
}

// GetClientByClientID finds a machine.
func (s *storage) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	if _, err := s.machines.Key(ctx, id); err != nil {
		return nil, clientError(err)
	}
	return client{id: id}, nil
}

// GetKeyByIDAndClientID is the machine's only key. A key id in the assertion is ignored.
func (s *storage) GetKeyByIDAndClientID(ctx context.Context, _, id string) (*jose.JSONWebKey, error) {
	key, err := s.machines.Key(ctx, id)
	if err != nil {
		return nil, clientError(err)
	}
	return &jose.JSONWebKey{Key: key, Algorithm: string(jose.ES256), Use: "sig"}, nil
}

// clientError hides causes: the library sends the text of every other error to the client.
func clientError(err error) error {
	if errors.Is(err, ErrUnknownMachine) {
		return oidc.ErrInvalidClient().WithParent(err)
	}
	return oidc.ErrServerError().WithParent(err).WithDescription("the ledger does not answer now; try again")
}

// ClientCredentials always fails: machines authenticate with private_key_jwt and have no client secret.
func (s *storage) ClientCredentials(context.Context, string, string) (op.Client, error) {
	return nil, oidc.ErrInvalidClient()
}

// ClientCredentialsTokenRequest checks the scopes of an authenticated machine.
func (s *storage) ClientCredentialsTokenRequest(_ context.Context, id string, asked []string) (op.TokenRequest,
	error,
) {
	if len(asked) == 0 {
		return nil, oidc.ErrInvalidScope().WithDescription("scope is missing; expected some of: %s",
			strings.Join(scopes(), " "))
	}
	for i, scope := range asked {
		if !slices.Contains(scopes(), scope) || slices.Contains(asked[:i], scope) {
			return nil, oidc.ErrInvalidScope().WithDescription(
				"unknown or repeated scope; expected some of: %s", strings.Join(scopes(), " "))
		}
	}
	return tokenRequest{machine: id, audience: s.audience, scopes: asked}, nil
}

// CreateAccessToken draws the token's id. Nothing of the token is kept.
func (s *storage) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	return hex.EncodeToString(id[:]), time.Now().Add(tokenLife), nil
}

// GetPrivateClaimsFromScopes adds the scope (RFC 9068), which the library leaves out.
func (s *storage) GetPrivateClaimsFromScopes(_ context.Context, _, _ string, granted []string) (map[string]any,
	error,
) {
	return map[string]any{"scope": strings.Join(granted, " ")}, nil
}
