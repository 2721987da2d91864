package holding

import (
	"context"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/machine/market"
)

// ErrRecipients means that the list of recipients that the partners signed has no usable grant-signing key of
// a custodian whose half of the license share the machine needs. The consortium must register that
// custodian's recipient again.
var ErrRecipients = ledger.Refuse(ledger.NotFound, "machine.recipients",
	"the signed recipients lack a custodian's key")

// Trust is the trust bundle in force and its verifier.
type Trust struct {
	Bundle   *signed.Bundle
	Verifier *signed.Verifier
}

func bundleFile(sequence int64) string { return fmt.Sprintf("bundles/%010d.json", sequence) }

// SaveBundle keeps a trust bundle that the caller has checked.
func (s Store) SaveBundle(sequence int64, doc []byte) error {
	return s.Folder.Write(bundleFile(sequence), doc)
}

// Bundle reads the bytes of a kept trust bundle.
func (s Store) Bundle(sequence int64) ([]byte, error) { return s.Folder.Read(bundleFile(sequence)) }

// Trust reads a kept trust bundle and makes its verifier.
func (s Store) Trust(sequence int64) (Trust, error) {
	doc, err := s.Bundle(sequence)
	if err != nil {
		return Trust{}, err
	}
	bundle, err := signed.ParseBundle(doc)
	if err != nil {
		return Trust{}, err
	}
	verifier, err := signed.NewVerifier(bundle)
	if err != nil {
		return Trust{}, err
	}
	return Trust{Bundle: bundle, Verifier: verifier}, nil
}

// Recipients are the keys of custodians and runtimes as the partners sign them now (T3).
func (t Trust) Recipients(ctx context.Context, g *market.Gateway) ([]consortium.Recipient, error) {
	file, nonce, err := g.SignRecipients(ctx)
	if err != nil {
		return nil, err
	}
	all, _, err := t.Verifier.Recipients(file, nonce)
	return all, err
}

// Custodians are the recipients of a license's custodian set, in its order, out of all that the partners
// signed.
func Custodians(all []consortium.Recipient, l license.License) ([]consortium.Recipient, error) {
	found, err := grant.Custodians(all, l.Custodians)
	if err != nil {
		return nil, ErrRecipients.With(err.Error())
	}
	return found, nil
}

// Script derives the collect script of an order from the bundle's treasury descriptor, without asking anybody
// (T21).
func (t Trust) Script(o order.Order) (string, error) {
	script, _, err := payment.CollectOf(t.Bundle.Treasury.Descriptor, t.Bundle.Network, o.Shard, o.Number)
	return script, err
}
