package governor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/network/home"
)

// ErrDraft means that the trust bundle which a partner drafted is not the one that this partner makes of the
// configuration in force and of the roots that it knows. Don't sign; ask the drafter, over another way, which
// is right.
var ErrDraft = errors.New("draft of the trust bundle")

// Partner is the governor of one home, on one channel. Its documents for the others go to the home's public
// and outbox folders; the others' documents come from its inbox.
type Partner struct {
	*Governor

	home    *home.Home
	channel string
	terms   Terms
	client  *client.Client
}

// Open connects to the ledger as the home's governor. It acts on what the other partners' governors wrote, in
// processes of their own, so a refusal counts only from peers that have the newest block (T34). Close ends
// the connection.
func Open(h *home.Home, connection, channel string, t Terms) (*Partner, error) {
	c, err := client.Open(connection, h.Identity("governor"), client.Config{Channel: channel, Newest: true})
	if err != nil {
		return nil, fmt.Errorf("governor of %s: %w", h.Partner.Name, err)
	}
	return &Partner{Governor: New(c), home: h, channel: channel, terms: t, client: c}, nil
}

// Close ends the connection to the ledger.
func (p *Partner) Close() error { return p.client.Close() }

// Everywhere waits until every partner's peer has what this governor wrote last.
func (p *Partner) Everywhere(ctx context.Context) error { return p.client.Everywhere(ctx) }

// PublishCard publishes this partner's card. Its keys are drawn the first time.
func (p *Partner) PublishCard() error {
	keys, err := OpenKeys(p.home.Secrets())
	if err != nil {
		return err
	}
	card, err := keys.Card(p.home.Partner.MSP, p.home.Partner.Name, p.home.Party("governor"), p.terms.Bitcoin.Network)
	if err != nil {
		return err
	}
	return home.Put(p.home.Public().Card(), card.Bytes())
}

// Compose makes the first configuration of the terms and of all partners' cards, as they lie in this home.
func (p *Partner) Compose() (consortium.Config, error) {
	var cards []Card
	for _, other := range p.home.Topology.Partners {
		raw, err := os.ReadFile(p.home.Of(other.Name).Card())
		if err != nil {
			return consortium.Config{}, fmt.Errorf("%w of %s: %w", ErrCard, other.Name, err)
		}
		card, err := ParseCard(raw)
		if err != nil {
			return consortium.Config{}, fmt.Errorf("%s: %w", other.Name, err)
		}
		if card.MSP != other.MSP {
			return consortium.Config{}, fmt.Errorf("%w of %s: expected MSP %s, it says %s", ErrCard, other.Name,
				other.MSP, card.MSP)
		}
		cards = append(cards, card)
	}
	return Compose(p.terms, p.channel, p.home.Topology.Chaincode.Name, cards)
}

// Signs reports whether the terms count this partner among those that sign.
func (p *Partner) Signs() bool { return slices.Contains(p.terms.Signers, p.home.Partner.MSP) }

// RegisterParties puts the partner's identities on the ledger that buy, sell or are paid (T1).
func (p *Partner) RegisterParties(ctx context.Context) error {
	for _, id := range p.home.Partner.Identities {
		if !slices.Contains([]string{party.Buyer, party.Licensor, party.Governor}, id.Role) {
			continue
		}
		certificate, err := os.ReadFile(home.Certificate(p.home.Identity(id.Name)))
		if err != nil {
			return fmt.Errorf("party %s: %w", id.Name, err)
		}
		document, err := PartyOf(p.home.Party(id.Name), p.home.Partner.MSP, id.Role, id.Name, certificate)
		if err != nil {
			return err
		}
		if err := p.Register(ctx, document); err != nil {
			return err
		}
	}
	return nil
}

// DraftBundle sends the others the first trust bundle for the configuration in force.
func (p *Partner) DraftBundle(ctx context.Context) error {
	b, err := p.bundle(ctx)
	if err != nil {
		return err
	}
	return home.Put(p.home.Outbox().Bundle(p.channel), b.Bytes())
}

// SignBundle compares a partner's draft with the bundle that this partner makes by itself, and sends its signature.
func (p *Partner) SignBundle(ctx context.Context, drafter string) error {
	draft, err := os.ReadFile(p.home.From(drafter).Bundle(p.channel))
	if err != nil {
		return fmt.Errorf("%w by %s: %w", ErrDraft, drafter, err)
	}
	own, err := p.bundle(ctx)
	if err != nil {
		return err
	}
	if string(draft) != string(own.Bytes()) {
		return fmt.Errorf("%w by %s: expected the bytes with SHA-256 %s, it has %s", ErrDraft, drafter,
			own.ID(), ledger.Digest(draft))
	}
	keys, err := OpenKeys(p.home.Secrets())
	if err != nil {
		return err
	}
	signature, err := keys.Sign(p.home.Partner.MSP, own)
	if err != nil {
		return err
	}
	return home.Put(p.home.Outbox().Signature(p.channel), ledger.Encode(signature))
}

// SubmitBundle puts the drafted bundle on the ledger, with the signatures that the partners sent.
func (p *Partner) SubmitBundle(ctx context.Context) error {
	b, err := p.bundle(ctx)
	if err != nil {
		return err
	}
	var signatures []consortium.BundleSignature
	for _, other := range p.home.Topology.Partners {
		raw, err := os.ReadFile(p.home.From(other.Name).Signature(p.channel))
		if err != nil {
			return fmt.Errorf("signature of %s: %w", other.Name, err)
		}
		var s consortium.BundleSignature
		if err := ledger.Decode(raw, &s); err != nil {
			return fmt.Errorf("signature of %s: %w", other.Name, err)
		}
		signatures = append(signatures, s)
	}
	return p.PutBundle(ctx, b, signatures)
}

// bundle makes the first trust bundle as this partner sees the consortium.
func (p *Partner) bundle(ctx context.Context) (*signed.Bundle, error) {
	config, ok, err := p.Config(ctx)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("trust bundle: %w", consortium.ErrNoConfig)
	}
	roots := map[string][]byte{}
	for _, other := range p.home.Topology.Partners {
		if roots[other.MSP], err = os.ReadFile(p.home.Of(other.Name).IdentityRoot()); err != nil {
			return nil, fmt.Errorf("root of %s: %w", other.Name, err)
		}
	}
	return FirstBundle(config, roots)
}

// AwaitClock waits until the ledger's clock has ticked once: nothing that depends on time works before it.
func (p *Partner) AwaitClock(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := p.client.Evaluate(ctx, "governance:Clock")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the ledger's first tick: %w, last: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}
