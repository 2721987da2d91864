package signed_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

// T9: a bundle follows another only with k bundle keys of the one before.
func TestBundleSuccession(t *testing.T) {
	c, _ := newConsortium(t)
	old := c.Bundle
	next := signedtest.Next(old)
	skipped := *old
	skipped.Sequence, skipped.Previous = 2, old.ID()
	foreign := *old
	foreign.Sequence, foreign.Previous = 1, strings.Repeat("00", 32)
	stranger, _ := newConsortium(t)
	sign := func(by *signedtest.Consortium, doc []byte, names ...string) []signed.BundleSignature {
		t.Helper()
		s, err := by.SignBundle(doc, names...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one := sign(c, next, signedtest.Operator)
	renamed := append(sign(c, next, signedtest.Operator),
		signed.BundleSignature{MSP: signedtest.Auditor, Signature: one[0].Signature})
	tests := []struct {
		name    string
		next    []byte
		sigs    []signed.BundleSignature
		wantErr error
	}{
		{"two partners", next, sign(c, next, signedtest.Operator, signedtest.Auditor), nil},
		{"all partners", next, sign(c, next, signedtest.Auditor, signedtest.Licensors, signedtest.Manufacturer,
			signedtest.Operator), nil},
		{"one partner", next, one, signed.ErrBundleQuorum},
		{"one partner twice", next, append(one, one...), signed.ErrBundleQuorum},
		{"one signature under two names", next, renamed, signed.ErrBundleSignature},
		{"nobody", next, nil, signed.ErrBundleQuorum},
		{
			"strangers' keys", next, sign(stranger, next, signedtest.Operator, signedtest.Auditor),
			signed.ErrBundleSignature,
		},
		{
			"signatures over another", next, sign(c, old.Bytes(), signedtest.Operator, signedtest.Auditor),
			signed.ErrBundleSignature,
		},
		{
			"the same again", old.Bytes(), sign(c, old.Bytes(), signedtest.Operator, signedtest.Auditor),
			signed.ErrBundleSequence,
		},
		{
			"one left out", ledger.Encode(&skipped),
			sign(c, ledger.Encode(&skipped), signedtest.Operator, signedtest.Auditor), signed.ErrBundleSequence,
		},
		{
			"after another", ledger.Encode(&foreign),
			sign(c, ledger.Encode(&foreign), signedtest.Operator, signedtest.Auditor), signed.ErrBundlePrevious,
		},
		{
			"not canonical", append([]byte(" "), next...), sign(c, next, signedtest.Operator, signedtest.Auditor),
			signed.ErrBundle,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := old.Succeed(tt.next, tt.sigs)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v, want %v", err, tt.wantErr)
			}
			if err == nil && !bytes.Equal(got.Bytes(), tt.next) {
				t.Error("another bundle came back")
			}
		})
	}
}

func TestParseBundleRefuses(t *testing.T) {
	c, _ := newConsortium(t)
	tests := []struct {
		name   string
		change func(*signed.Bundle)
	}{
		{"format", func(b *signed.Bundle) { b.Format = "guildmark/bundle/2" }},
		{"quorum of nobody", func(b *signed.Bundle) { b.Quorum = 0 }},
		{"quorum beyond the signing partners", func(b *signed.Bundle) { b.Quorum = 4 }},
		{"first with a previous", func(b *signed.Bundle) { b.Previous = strings.Repeat("00", 32) }},
		{"later without a previous", func(b *signed.Bundle) { b.Sequence = 1 }},
		{"no channel", func(b *signed.Bundle) { b.Channel = "" }},
		{"partner twice", func(b *signed.Bundle) { b.Partners[1] = b.Partners[0] }},
		{"partner without roots", func(b *signed.Bundle) { b.Partners[0].Roots = nil }},
		{"root that is no certificate", func(b *signed.Bundle) { b.Partners[0].Roots = []string{"-----BEGIN"} }},
		{
			"one partner's root under another's name too",
			func(b *signed.Bundle) { b.Partners[1].Roots = append(b.Partners[1].Roots, b.Partners[0].Roots...) },
		},
		{
			"one bundle key under two names",
			func(b *signed.Bundle) { b.Partners[1].BundleKey = b.Partners[0].BundleKey },
		},
		{
			"one bundle key under two names, written differently",
			func(b *signed.Bundle) { b.Partners[1].BundleKey = b.Partners[0].BundleKey + "\n" },
		},
		{"bundle key that is none", func(b *signed.Bundle) { b.Partners[0].BundleKey = "AAAA" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := *c.Bundle
			b.Partners = append([]signed.BundlePartner(nil), b.Partners...)
			tt.change(&b)
			if _, err := signed.ParseBundle(ledger.Encode(&b)); !errors.Is(err, signed.ErrBundle) {
				t.Errorf("got %v, want %v", err, signed.ErrBundle)
			}
		})
	}
	if _, err := signed.ParseBundle(c.Bundle.Bytes()); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// The keys of the governed configuration, by which the first bundle is judged: one key under two names is
// still one partner, and in a second spelling of the same base64 it is no key at all.
func TestOneBundleKeyUnderTwoNames(t *testing.T) {
	c, _ := newConsortium(t)
	doc := c.Bundle.Bytes()
	s, err := c.SignBundle(doc, signedtest.Operator, signedtest.Auditor)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, p := range c.Bundle.Partners {
		keys[p.MSP] = p.BundleKey
	}
	if err := signed.CheckBundleSignatures(doc, s, keys, 2); err != nil {
		t.Errorf("two partners: %v", err)
	}
	twice := []signed.BundleSignature{s[0], {MSP: s[1].MSP, Signature: s[0].Signature}}
	once := keys[s[0].MSP]
	for _, c := range []struct {
		name, spelled string
		want          error
	}{
		{"the same text", once, signed.ErrBundleQuorum},
		{"a line end behind", once + "\n", signed.ErrBundleSignature},
		{"a line end within", once[:8] + "\r\n" + once[8:], signed.ErrBundleSignature},
	} {
		keys[s[1].MSP] = c.spelled
		if err := signed.CheckBundleSignatures(doc, twice, keys, 2); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}
