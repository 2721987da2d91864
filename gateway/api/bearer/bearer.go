// Package bearer checks access tokens: ES256 JWTs of one issuer for one audience, under the issuer's
// published keys.
//
// It rejects every other algorithm, tokens without expiry, scope or id, id_tokens, and keys that the issuer
// does not publish. Does not issue tokens and does not keep them, only their hashes until they expire.
//
// Read bearer.go first. Errors that callers act on: [ErrUnauthenticated] is behind every rejection of a token
// itself (status 401: get a new token); [ErrScope] means a token without the scope (403); [ErrKeys] that the
// issuer does not answer (503: try again).
package bearer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ErrUnauthenticated is behind every rejection of a token itself: status 401.
var ErrUnauthenticated = errors.New("not authenticated")

// Refusals of a token. All but ErrKeys and ErrScope come with ErrUnauthenticated.
var (
	// ErrMissing means that a request to a route that needs a token has no Authorization header of the form
	// `Bearer <token>`. Get a token and send it.
	ErrMissing = ledger.Refuse(ledger.Forbidden, "token.missing",
		"this route needs an access token: /.well-known/oauth-protected-resource names the server that "+
			"issues them, and `machine token` prints one")
	// ErrMalformed means that the token is longer than 4096 bytes or does not parse as a JWT. Get a new token
	// and send it as the issuer returned it.
	ErrMalformed = ledger.Refuse(ledger.Forbidden, "token.malformed",
		"the access token is not a JWT of at most 4096 bytes")
	// ErrAlgorithm means that the header of the token names another algorithm than ES256. Get a token from the
	// issuer that the gateway names.
	ErrAlgorithm = ledger.Refuse(ledger.Forbidden, "token.algorithm",
		"the access token must be signed with ES256")
	// ErrKey means that the token names a key that the issuer does not publish, or no longer publishes. Get a
	// new token.
	ErrKey = ledger.Refuse(ledger.Forbidden, "token.key",
		"the issuer does not publish the key that the access token names: get a new token")
	// ErrSignature means that the issuer's key does not verify the token's signature. Get a new token.
	ErrSignature = ledger.Refuse(ledger.Forbidden, "token.signature",
		"the access token's signature does not verify under the issuer's key: get a new token")
	// ErrExpired means that the token has expired or is not valid yet, by more than the 5 s that clocks may
	// differ. Get a new token; where that fails too, check the clock.
	ErrExpired = ledger.Refuse(ledger.Forbidden, "token.expired",
		"the access token has expired or is not valid yet: get a new one")
	// ErrIssuer means that the token's issuer is not the one in the gateway's configuration. Get a token from
	// the server that /.well-known/oauth-protected-resource names.
	ErrIssuer = ledger.Refuse(ledger.Forbidden, "token.issuer",
		"the access token must come from the issuer that /.well-known/oauth-protected-resource names")
	// ErrAudience means that the token was issued for another audience than this gateway. Get a token for the
	// resource that /.well-known/oauth-protected-resource names.
	ErrAudience = ledger.Refuse(ledger.Forbidden, "token.audience",
		"the access token's audience must be the resource that /.well-known/oauth-protected-resource names")
	// ErrClaims means that the token lacks a claim that every machine's access token has, as an id_token does.
	// Send the access token.
	ErrClaims = ledger.Refuse(ledger.Forbidden, "token.claims",
		"the token is not a machine's access token: it needs jti, scope, client_id = sub and one audience")
	// ErrScope means that the token is valid but lacks the scope (Saw) of the route. Get a token with that
	// scope.
	ErrScope = ledger.Refuse(ledger.Forbidden, "token.scope",
		"the access token lacks the scope that this route needs: get a token with that scope")
	// ErrKeys means that the gateway has not read the token's key yet and the issuer does not return its keys.
	// Repeat the request later.
	ErrKeys = ledger.Refuse(ledger.Unavailable, "token.keys_unavailable",
		"the issuer's keys can't be read now: try again")
)

// leeway is the difference allowed between the clocks of issuer and gateway.
const leeway = 5 * time.Second

// maxToken bounds a token in bytes; ours have about 600.
const maxToken = 4096

// Token holds the claims of a verified access token.
type Token struct {
	Subject string // machine id
	Scopes  []string
	Expires time.Time
}

// Allows returns ErrScope when the token lacks the scope.
func (t Token) Allows(scope string) error {
	if !slices.Contains(t.Scopes, scope) {
		return ErrScope.With(scope)
	}
	return nil
}

// Verifier checks tokens; safe for concurrent use.
type Verifier struct {
	keys   *Keys
	now    func() time.Time
	parser *jwt.Parser

	mu       sync.Mutex
	young    map[[sha256.Size]byte]known // verified tokens, two generations: bounded without a list
	old      map[[sha256.Size]byte]known
	maxYoung int
}

// known is a verified token with the key that verified it. It no longer counts when the key is withdrawn.
type known struct {
	token Token
	key   *Key
}

// maxKnown bounds each generation of remembered tokens: at about 200 bytes each, about 13 MB each when full.
const maxKnown = 64_000

// New makes a verifier for tokens of issuer to audience.
func New(issuer, audience string, keys *Keys, now func() time.Time) *Verifier {
	return &Verifier{
		keys: keys, now: now, maxYoung: maxKnown,
		young: map[[sha256.Size]byte]known{}, old: map[[sha256.Size]byte]known{},
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(issuer),
			jwt.WithAudience(audience),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(now),
			jwt.WithStrictDecoding()),
	}
}

// FromHeader takes the token out of an Authorization header (RFC 6750).
func FromHeader(header string) (string, error) {
	scheme, token, ok := strings.Cut(header, " ")
	if header == "" || !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", unauthenticated(ErrMissing)
	}
	return token, nil
}

// Verify checks a token.
func (v *Verifier) Verify(ctx context.Context, raw string) (Token, error) {
	if len(raw) > maxToken {
		return Token{}, unauthenticated(ErrMalformed)
	}
	id := sha256.Sum256([]byte(raw))
	if k, ok := v.recall(id); ok && v.keys.Holds(k.key) && v.now().Before(k.token.Expires) {
		return k.token, nil
	}
	k, err := v.check(ctx, raw)
	if err != nil {
		return Token{}, err
	}
	v.remember(id, k)
	return k.token, nil
}

type claims struct {
	jwt.RegisteredClaims
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
}

func (v *Verifier) check(ctx context.Context, raw string) (known, error) {
	var c claims
	var used *Key
	_, err := v.parser.ParseWithClaims(raw, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, err := v.keys.Get(ctx, kid)
		if err != nil {
			return nil, err
		}
		used = key
		return key.Public, nil
	})
	if err != nil {
		return known{}, classify(err)
	}
	// A machine's access token has an id, a scope, and client and subject in one. id_tokens of the same
	// issuer have neither scope nor client_id.
	if c.ID == "" || c.Scope == "" || c.ClientID == "" || c.ClientID != c.Subject || len(c.Audience) != 1 {
		return known{}, unauthenticated(ErrClaims)
	}
	return known{key: used, token: Token{
		Subject: c.Subject, Scopes: strings.Fields(c.Scope),
		Expires: c.ExpiresAt.Time,
	}}, nil
}

// classify turns the library's error into a refusal. The first matching class wins.
func classify(err error) error {
	if refusal, ok := errors.AsType[*ledger.Refusal](err); ok {
		if refusal.Kind == ledger.Unavailable {
			return refusal
		}
		return unauthenticated(refusal)
	}
	for _, c := range []struct {
		class   error
		refusal *ledger.Refusal
	}{
		{jwt.ErrTokenMalformed, ErrMalformed},
		{jwt.ErrTokenUnverifiable, ErrAlgorithm},
		{jwt.ErrTokenSignatureInvalid, ErrSignature},
		{jwt.ErrTokenRequiredClaimMissing, ErrClaims},
		{jwt.ErrTokenExpired, ErrExpired},
		{jwt.ErrTokenNotValidYet, ErrExpired},
		{jwt.ErrTokenUsedBeforeIssued, ErrExpired},
		{jwt.ErrTokenInvalidIssuer, ErrIssuer},
		{jwt.ErrTokenInvalidAudience, ErrAudience},
	} {
		if errors.Is(err, c.class) {
			if c.refusal == ErrSignature && strings.Contains(err.Error(), "signing method") {
				return unauthenticated(ErrAlgorithm)
			}
			return unauthenticated(c.refusal)
		}
	}
	return unauthenticated(ErrMalformed)
}

func unauthenticated(r *ledger.Refusal) error { return fmt.Errorf("%w: %w", ErrUnauthenticated, r) }

func (v *Verifier) recall(id [sha256.Size]byte) (known, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if k, ok := v.young[id]; ok {
		return k, true
	}
	k, ok := v.old[id]
	return k, ok
}

func (v *Verifier) remember(id [sha256.Size]byte, k known) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= v.maxYoung {
		v.old, v.young = v.young, make(map[[sha256.Size]byte]known, v.maxYoung)
	}
	v.young[id] = k
}
