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
		return nil, ErrBundleConfig.With("bundle, expected base64")
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
		return nil, ErrBundleSequence.Field("sequence", first.Sequence, "0")
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
		return nil, ErrBundleSequence.Field("sequence", n.Sequence, strconv.FormatInt(b.Sequence+1, 10))
	case n.Previous != b.ID():
		return nil, ErrBundlePrevious.Field("previous", n.Previous, b.ID())
	case n.Channel != b.Channel:
		return nil, ErrBundlePrevious.Field("channel", n.Channel, b.Channel)
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

// CheckConfig refuses a bundle that would make machines trust another consortium than the configuration
// names.
func (b *Bundle) CheckConfig(c *consortium.Config) error {
	for _, field := range []struct {
		name      string
		got, want any
	}{
		{"channel", b.Channel, c.Channel},
		{"chaincode", b.Chaincode, c.Chaincode},
		{"quorum", b.Quorum, c.Quorum},
		{"network", b.Network, c.Bitcoin.Network},
		{"treasury.version", b.Treasury.Version, c.Treasury.Version},
		{"treasury.descriptor", b.Treasury.Descriptor, c.Treasury.Descriptor},
		{"attested", b.Attested, c.Bitcoin.Attestations > 0},
		{"partners", len(b.Partners), len(c.Partners)},
	} {
		if field.got != field.want {
			return ErrBundleConfig.Field(field.name, field.got, fmt.Sprint(field.want))
		}
	}
	for i, p := range b.Partners {
		if err := p.checkConfig(i, c.Partners[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p BundlePartner) checkConfig(i int, want consortium.Partner) error {
	at := fmt.Sprintf("partners[%d].", i)
	switch {
	case p.MSP != want.MSP:
		return ErrBundleConfig.Field(at+"msp", p.MSP, want.MSP)
	case p.Signs != want.Signs:
		return ErrBundleConfig.Field(at+"signs", p.Signs, strconv.FormatBool(want.Signs))
	case p.BundleKey != want.BundleKey:
		return ErrBundleConfig.With(at + "bundleKey, expected the configuration's")
	}
	return nil
}

// ReadBundle reads the bundle of a signed one that the ledger holds: its signatures were checked when it was
// put there.
func ReadBundle(s consortium.SignedBundle) (*Bundle, error) {
	raw, err := ledger.Base64(s.Bundle)
	if err != nil {
		return nil, ErrBundle.With("bundle, expected base64")
	}
	return ParseBundle(raw)
}
