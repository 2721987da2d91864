package signed_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

// configOf is the configuration that a bundle agrees with.
func configOf(b *signed.Bundle) consortium.Config {
	c := consortium.Config{
		Version: 1, Channel: b.Channel, Chaincode: b.Chaincode, Quorum: b.Quorum, Treasury: b.Treasury,
		Bitcoin: consortium.Bitcoin{Network: b.Network},
	}
	if b.Attested {
		c.Bitcoin.Attestations = 2
	}
	for _, p := range b.Partners {
		c.Partners = append(c.Partners, consortium.Partner{MSP: p.MSP, Signs: p.Signs, BundleKey: p.BundleKey})
	}
	return c
}

// T9: what a governor may put on the ledger as the trust bundle.
func TestNextBundle(t *testing.T) {
	c, _ := newConsortium(t)
	first := c.Bundle.Bytes()
	next := signedtest.Next(c.Bundle)
	unreadable := *c.Bundle
	unreadable.Partners = append([]signed.BundlePartner(nil), c.Bundle.Partners...)
	unreadable.Partners[0].CRLs = []string{"no list"}
	put := func(doc []byte, names ...string) consortium.SignedBundle {
		t.Helper()
		s, err := c.SignBundle(doc, names...)
		if err != nil {
			t.Fatal(err)
		}
		return consortium.SignedBundle{Bundle: base64.StdEncoding.EncodeToString(doc), Signatures: s}
	}
	two := []string{signedtest.Operator, signedtest.Auditor}
	for _, tt := range []struct {
		name    string
		newest  *signed.Bundle
		put     consortium.SignedBundle
		change  func(*consortium.Config)
		wantErr error
	}{
		{"the first", nil, put(first, two...), nil, nil},
		{"the first, signed by one", nil, put(first, signedtest.Operator), nil, signed.ErrBundleQuorum},
		{"the first, with number 1", nil, put(next, two...), nil, signed.ErrBundleSequence},
		{"the first, not base64", nil, consortium.SignedBundle{Bundle: "!"}, nil, signed.ErrBundleConfig},
		{"the first, not a bundle", nil, put([]byte("{}"), two...), nil, signed.ErrBundle},
		{"the second", c.Bundle, put(next, two...), nil, nil},
		{"the second, signed by one", c.Bundle, put(next, signedtest.Operator), nil, signed.ErrBundleQuorum},
		{"the first again", c.Bundle, put(first, two...), nil, signed.ErrBundleSequence},
		{
			"under another configuration", c.Bundle, put(next, two...), func(c *consortium.Config) { c.Quorum++ },
			signed.ErrBundleConfig,
		},
		{
			"a list of revocation that can't be read", nil, put(ledger.Encode(&unreadable), two...), nil,
			signed.ErrBundle,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := configOf(c.Bundle)
			if tt.change != nil {
				tt.change(&config)
			}
			if _, err := signed.NextBundle(tt.newest, tt.put, &config); !errors.Is(err, tt.wantErr) {
				t.Errorf("got %v, want %v", err, tt.wantErr)
			}
		})
	}
}

// A bundle must not make machines trust another consortium than the configuration names.
func TestBundleCheckConfig(t *testing.T) {
	c, _ := newConsortium(t)
	for _, tt := range []struct {
		name   string
		change func(*consortium.Config)
		want   error
	}{
		{"the same", func(*consortium.Config) {}, nil},
		{"channel", func(c *consortium.Config) { c.Channel = "other" }, signed.ErrBundleConfig},
		{"chaincode", func(c *consortium.Config) { c.Chaincode = "other" }, signed.ErrBundleConfig},
		{"quorum", func(c *consortium.Config) { c.Quorum = 3 }, signed.ErrBundleConfig},
		{"network", func(c *consortium.Config) { c.Bitcoin.Network = "mainnet" }, signed.ErrBundleConfig},
		{
			"attested", func(c *consortium.Config) { c.Bitcoin.Attestations = 2 - c.Bitcoin.Attestations },
			signed.ErrBundleConfig,
		},
		{"treasury's version", func(c *consortium.Config) { c.Treasury.Version++ }, signed.ErrBundleConfig},
		{
			"treasury's descriptor", func(c *consortium.Config) { c.Treasury.Descriptor += "x" },
			signed.ErrBundleConfig,
		},
		{"a partner less", func(c *consortium.Config) { c.Partners = c.Partners[1:] }, signed.ErrBundleConfig},
		{"another partner", func(c *consortium.Config) { c.Partners[0].MSP = "OtherMSP" }, signed.ErrBundleConfig},
		{
			"another bundle key", func(c *consortium.Config) { c.Partners[0].BundleKey = "other" },
			signed.ErrBundleConfig,
		},
		{
			"who signs", func(c *consortium.Config) { c.Partners[0].Signs = !c.Partners[0].Signs },
			signed.ErrBundleConfig,
		},
		{"a name, which a bundle does not hold", func(c *consortium.Config) { c.Partners[0].Name = "other" }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := configOf(c.Bundle)
			tt.change(&config)
			if err := c.Bundle.CheckConfig(&config); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
