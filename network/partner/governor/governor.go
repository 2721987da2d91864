package governor

import (
	"context"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// Ledger submits and reads as this partner's governor; *client.Client is one.
type Ledger interface {
	Submit(ctx context.Context, function string, args ...string) (client.Result, error)
	Evaluate(ctx context.Context, function string, args ...string) ([]byte, error)
}

// Governor is one partner's. Each of its writes may be repeated: one that the ledger has already is no error.
type Governor struct{ ledger Ledger }

// New makes a governor that writes through its own partner's ledger client.
func New(l Ledger) *Governor { return &Governor{ledger: l} }

// Config reads the configuration in force; the second result is false while there is none.
func (g *Governor) Config(ctx context.Context) (consortium.Config, bool, error) {
	var c consortium.Config
	raw, err := g.ledger.Evaluate(ctx, "governance:Config", "")
	if errors.Is(err, consortium.ErrNoConfig) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("read the configuration in force: %w", err)
	}
	if err := ledger.Decode(raw, &c); err != nil {
		return c, false, fmt.Errorf("read the configuration in force: %w", err)
	}
	return c, true, nil
}

// Propose puts a configuration on the ledger, where the partners' governors approve it.
func (g *Governor) Propose(ctx context.Context, c consortium.Config) error {
	return g.write(ctx, "propose the configuration", "governance:Propose", string(ledger.Encode(c)))
}

// Approve is this partner's consent to exactly this configuration, which the partner composed by itself: the ledger
// refuses the approval ([consortium.ErrNotProposed]) when the proposal differs from it by one byte.
func (g *Governor) Approve(ctx context.Context, c consortium.Config) error {
	return g.write(ctx, "approve the configuration", "governance:Approve", ledger.Digest(ledger.Encode(c)))
}

// Register records a party of this partner's home with its pinned keys (T1).
func (g *Governor) Register(ctx context.Context, p party.Party) error {
	return g.write(ctx, "register party "+p.ID, "governance:RegisterParty", string(ledger.Encode(p)))
}

// Bundled reports whether a trust bundle is on the ledger.
func (g *Governor) Bundled(ctx context.Context) (bool, error) {
	_, err := g.ledger.Evaluate(ctx, "governance:Bundle", "")
	if errors.Is(err, consortium.ErrNoBundle) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the trust bundle: %w", err)
	}
	return true, nil
}

// PutBundle submits a trust bundle with the partners' signatures over it.
func (g *Governor) PutBundle(ctx context.Context, b *signed.Bundle, signatures []consortium.BundleSignature) error {
	call := consortium.SignedBundle{Bundle: encode(b.Bytes()), Signatures: signatures}
	return g.write(ctx, "put the trust bundle", "governance:PutBundle", string(ledger.Encode(call)))
}

// write submits. A conflict means that the ledger has this already.
func (g *Governor) write(ctx context.Context, what, function string, args ...string) error {
	_, err := g.ledger.Submit(ctx, function, args...)
	if refusal, ok := errors.AsType[*ledger.Refusal](err); err == nil || ok && refusal.Kind == ledger.Conflict {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
