package signed

import (
	"fmt"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// NextBundle judges the trust bundle that a governor puts on the ledger, after the newest one (nil: none yet)
// and under the configuration in force (T9). Its lists of revocation must be readable, or every machine that
// takes it would be left without a verifier.
func NextBundle(newest *Bundle, s consortium.SignedBundle, c *consortium.Config) (*Bundle, error) {
	raw, err := ledger.Base64(s.Bundle)
	if err != nil {
		return nil, ErrBundleConfig.With("not base64")
	}
	var next *Bundle
	if newest == nil {
		next, err = firstBundle(raw, s.Signatures, c)
	} else {
		next, err = newest.Succeed(raw, s.Signatures)
	}
	if err != nil {
		return nil, err
	}
	if err := next.CheckConfig(c); err != nil {
		return nil, err
	}
	_, err = NewVerifier(next)
	return next, err
}

// firstBundle judges bundle 0, which the configuration's bundle keys sign.
func firstBundle(raw []byte, signatures []BundleSignature, c *consortium.Config) (*Bundle, error) {
	first, err := ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	if first.Sequence != 0 {
		return nil, ErrBundleSequence.With(strconv.FormatInt(first.Sequence, 10) + " as the first")
	}
	return first, CheckBundleSignatures(raw, signatures, c.BundleKeys(), c.Quorum)
}

// Succeed checks that next is the bundle after b, with signatures of k different bundle keys of b, and
// returns it.
func (b *Bundle) Succeed(next []byte, signatures []BundleSignature) (*Bundle, error) {
	n, err := ParseBundle(next)
	switch {
	case err != nil:
		return nil, err
	case n.Sequence != b.Sequence+1:
		return nil, ErrBundleSequence.With(fmt.Sprintf("%d after %d", n.Sequence, b.Sequence))
	case n.Previous != b.ID() || n.Channel != b.Channel:
		return nil, ErrBundlePrevious.With(n.Previous)
	}
	keys := make(map[string]string, len(b.Partners))
	for _, p := range b.Partners {
		keys[p.MSP] = p.BundleKey
	}
	if err := CheckBundleSignatures(next, signatures, keys, b.Quorum); err != nil {
		return nil, err
	}
	return n, nil
}

// CheckConfig refuses a bundle that would make machines trust another consortium than the configuration names.
func (b *Bundle) CheckConfig(c *consortium.Config) error {
	switch {
	case b.Channel != c.Channel, b.Chaincode != c.Chaincode, b.Quorum != c.Quorum:
		return ErrBundleConfig.With("channel, chaincode or quorum")
	case b.Network != c.Bitcoin.Network, b.Treasury != c.Treasury, b.Attested != (c.Bitcoin.Attestations > 0):
		return ErrBundleConfig.With("network, treasury or attested")
	case len(b.Partners) != len(c.Partners):
		return ErrBundleConfig.With(fmt.Sprintf("%d partners instead of %d", len(b.Partners), len(c.Partners)))
	}
	for i, p := range b.Partners {
		want := c.Partners[i]
		if p.MSP != want.MSP || p.Signs != want.Signs || p.BundleKey != want.BundleKey {
			return ErrBundleConfig.With("partner " + p.MSP)
		}
	}
	return nil
}

// ReadBundle reads the bundle of a signed one that the ledger holds: its signatures were checked when it was
// put there.
func ReadBundle(s consortium.SignedBundle) (*Bundle, error) {
	raw, err := ledger.Base64(s.Bundle)
	if err != nil {
		return nil, ErrBundle.With("not base64")
	}
	return ParseBundle(raw)
}
