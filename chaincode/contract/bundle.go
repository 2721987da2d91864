package contract

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// PutBundle stores the next trust bundle, signed by quorum of the bundle keys before it (T9).
func (g *Governance) PutBundle(t *Transaction, document string) (string, error) {
	return answer(g.putBundle(t, document))
}

func (g *Governance) putBundle(t *Transaction, document string) (string, error) {
	var s consortium.SignedBundle
	if err := ledger.Decode([]byte(document), &s); err != nil {
		return "", err
	}
	raw, err := ledger.Base64(s.Bundle)
	if err != nil {
		return "", consortium.ErrBundle.With("not base64")
	}
	next, err := g.nextBundle(t, raw, s.Signatures)
	if err != nil {
		return "", err
	}
	if err := agrees(next, &t.config); err != nil {
		return "", err
	}
	if _, err := signed.NewVerifier(next); err != nil {
		return "", err // a list of revocations that nobody can read would leave every machine without a verifier
	}
	if err := t.create(consortium.BundleKey(next.Sequence), s, consortium.ErrBundleNext); err != nil {
		return "", err
	}
	if err := t.putText(consortium.NewestBundleKey(), strconv.FormatInt(next.Sequence, 10)); err != nil {
		return "", err
	}
	return next.ID(), t.event(ledger.EventBundlePut, s)
}

func (g *Governance) nextBundle(t *Transaction, raw []byte, by []consortium.BundleSignature) (*signed.Bundle, error) {
	signatures := make([]signed.BundleSignature, len(by))
	for i, s := range by {
		signatures[i] = signed.BundleSignature(s)
	}
	newest, err := t.text(consortium.NewestBundleKey())
	if err != nil {
		return nil, err
	}
	if newest != "" {
		last, err := loadBundle(t, newest)
		if err != nil {
			return nil, err
		}
		return last.Succeed(raw, signatures)
	}
	first, err := signed.ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	if first.Sequence != 0 {
		return nil, consortium.ErrBundleNext.With(strconv.FormatInt(first.Sequence, 10))
	}
	return first, signed.CheckBundleSignatures(raw, signatures, t.config.BundleKeys(), t.config.Quorum)
}

// agrees refuses a bundle that would make machines trust another consortium than the configuration names.
func agrees(b *signed.Bundle, c *consortium.Config) error {
	switch {
	case b.Channel != c.Channel, b.Chaincode != c.Chaincode, b.Quorum != c.Quorum:
		return consortium.ErrBundle.With("channel, chaincode or quorum")
	case b.Network != c.Bitcoin.Network, b.Treasury != c.Treasury, b.Attested != (c.Bitcoin.Attestations > 0):
		return consortium.ErrBundle.With("network, treasury or attested")
	case len(b.Partners) != len(c.Partners):
		return consortium.ErrBundle.With("partners")
	}
	for i, p := range b.Partners {
		want := c.Partners[i]
		if p.MSP != want.MSP || p.Signs != want.Signs || p.BundleKey != want.BundleKey {
			return consortium.ErrBundle.With("partner " + p.MSP)
		}
	}
	return nil
}

// Bundle reads a signed bundle by its sequence number, "" for the newest.
func (g *Governance) Bundle(t *Transaction, sequence string) (string, error) {
	return answer(g.readBundle(t, sequence))
}

func (g *Governance) readBundle(t *Transaction, sequence string) (consortium.SignedBundle, error) {
	if sequence == "" {
		newest, err := t.text(consortium.NewestBundleKey())
		if err != nil {
			return consortium.SignedBundle{}, err
		}
		sequence = newest
	}
	return signedBundle(t, sequence)
}

func signedBundle(t *Transaction, sequence string) (consortium.SignedBundle, error) {
	var s consortium.SignedBundle
	if sequence == "" {
		return s, consortium.ErrNoBundle
	}
	n, err := parseNumber(sequence)
	if err != nil {
		return s, err
	}
	return s, t.need(consortium.BundleKey(n), &s, consortium.ErrNoBundle)
}

func loadBundle(t *Transaction, sequence string) (*signed.Bundle, error) {
	s, err := signedBundle(t, sequence)
	if err != nil {
		return nil, err
	}
	raw, err := ledger.Base64(s.Bundle)
	if err != nil {
		return nil, consortium.ErrBundle.With("not base64")
	}
	return signed.ParseBundle(raw)
}
