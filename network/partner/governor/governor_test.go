package governor_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/network/partner/governor"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

// way is a partner's governor on the ledger in memory, as *client.Client is on the real one.
type way struct{ *partnertest.Caller }

func (w way) Submit(ctx context.Context, function string, args ...string) (client.Result, error) {
	payload, err := w.Caller.Submit(ctx, function, args...)
	return client.Result{Payload: []byte(payload)}, err
}

func (w way) Evaluate(ctx context.Context, function string, args ...string) ([]byte, error) {
	doc, err := w.Caller.Evaluate(ctx, function, args...)
	return []byte(doc), err
}

func terms(t *testing.T) governor.Terms {
	t.Helper()
	raw, err := os.ReadFile("../../play/terms.json")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := governor.ParseTerms(raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// member is one partner with its own folder.
type member struct {
	msp  string
	keys *governor.Keys
	*governor.Governor
}

func members(t *testing.T, w *partnertest.World) (all []member, cards []governor.Card) {
	t.Helper()
	for _, msp := range []string{
		partnertest.Operator, partnertest.Manufacturer, partnertest.Licensors,
		partnertest.Auditor,
	} {
		keys, err := governor.OpenKeys(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		card, err := keys.Card(msp, strings.ToLower(strings.TrimSuffix(msp, "MSP")), w.Governor(msp).Party, "regtest")
		if err != nil {
			t.Fatal(err)
		}
		read, err := governor.ParseCard(card.Bytes())
		if err != nil || read != card {
			t.Fatalf("card read back: %+v, %v; want %+v", read, err, card)
		}
		all = append(all, member{msp: msp, keys: keys, Governor: governor.New(way{w.Governor(msp)})})
		cards = append(cards, read)
	}
	return all, cards
}

// Four partners, each with its own keys, bring a first configuration and a trust bundle in force.
func TestFirstConfigurationAndBundle(t *testing.T) {
	w := partnertest.NewLedger(t)
	all, cards := members(t, w)
	ctx := t.Context()
	if _, ok, err := all[0].Config(ctx); ok || err != nil {
		t.Fatalf("before: in force %v, %v", ok, err)
	}
	config, err := governor.Compose(terms(t), partnertest.Channel, "guildmark", cards)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // each step may be repeated
		if err := all[0].Propose(ctx, config); err != nil {
			t.Fatal(err)
		}
		for _, m := range all[:3] {
			if err := m.Approve(ctx, config); err != nil {
				t.Fatalf("%s: %v", m.msp, err)
			}
		}
	}
	inForce, ok, err := all[3].Config(ctx)
	if err != nil || !ok || string(ledger.Encode(inForce)) != string(ledger.Encode(config)) {
		t.Fatalf("in force: %v, %v, %+v", ok, err, inForce)
	}

	if _, err := w.Someone(partnertest.Operator, party.Heartbeat).Submit(ctx, "governance:Tick",
		strconv.FormatInt(time.Now().Unix(), 10)); err != nil {
		t.Fatal(err)
	}
	buyer := w.Someone(partnertest.Operator, party.Buyer)
	p, err := governor.PartyOf(buyer.Party, buyer.MSP, buyer.Role, "first", buyer.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := all[0].Register(ctx, p); err != nil {
		t.Error(err)
	}
	if err := all[1].Register(ctx, p); err == nil {
		t.Error("another partner's governor registered the party")
	}

	if ok, err := all[0].Bundled(ctx); ok || err != nil {
		t.Fatalf("a bundle before the first: %v, %v", ok, err)
	}
	roots := map[string][]byte{}
	for _, m := range all {
		roots[m.msp] = []byte(w.Root())
	}
	bundle, err := governor.FirstBundle(inForce, roots)
	if err != nil {
		t.Fatal(err)
	}
	var signatures []consortium.BundleSignature
	for _, m := range all[:2] {
		s, err := m.keys.Sign(m.msp, bundle)
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, s)
	}
	if err := all[0].PutBundle(ctx, bundle, signatures[:1]); err == nil {
		t.Error("one signature of two was enough")
	}
	for range 2 {
		if err := all[0].PutBundle(ctx, bundle, signatures); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := all[3].Bundled(ctx); !ok || err != nil {
		t.Errorf("bundled: %v, %v", ok, err)
	}
}

// A partner that composed another configuration does not approve the proposed one by accident.
func TestApprovesOnlyItsOwn(t *testing.T) {
	w := partnertest.NewLedger(t)
	all, cards := members(t, w)
	agreed := terms(t)
	config, err := governor.Compose(agreed, partnertest.Channel, "guildmark", cards)
	if err != nil {
		t.Fatal(err)
	}
	if err := all[0].Propose(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	agreed.Commission.Rate++
	other, err := governor.Compose(agreed, partnertest.Channel, "guildmark", cards)
	if err != nil {
		t.Fatal(err)
	}
	if err := all[1].Approve(t.Context(), other); !errors.Is(err, consortium.ErrNotProposed) {
		t.Errorf("approve = %v, want %v", err, consortium.ErrNotProposed)
	}
}

func TestComposeRefuses(t *testing.T) {
	w := partnertest.NewLedger(t)
	_, cards := members(t, w)
	tests := []struct {
		name string
		harm func(*governor.Terms, *[]governor.Card)
		want error
	}{
		{
			"a signing partner's card is missing", func(_ *governor.Terms, c *[]governor.Card) { *c = (*c)[1:] },
			governor.ErrCard,
		},
		{"nobody is paid", func(_ *governor.Terms, c *[]governor.Card) { (*c)[0].Payee = "" }, governor.ErrCard},
		{
			"a quorum that can't be met", func(t *governor.Terms, _ *[]governor.Card) { t.Quorum = 4 },
			consortium.ErrConfig,
		},
		{"one key under two names", func(_ *governor.Terms,
			c *[]governor.Card,
		) {
			(*c)[1].BundleKey = (*c)[0].BundleKey
		}, governor.ErrTerms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			agreed, harmed := terms(t), append([]governor.Card(nil), cards...)
			tt.harm(&agreed, &harmed)
			if _, err := governor.Compose(agreed, partnertest.Channel, "guildmark", harmed); !errors.Is(err,
				tt.want) {
				t.Errorf("compose = %v, want %v", err, tt.want)
			}
		})
	}
	for _, text := range []string{`{}`, `{"signers":[],"signers":[]}`, `[]`} {
		if _, err := governor.ParseTerms([]byte(text)); !errors.Is(err, governor.ErrTerms) {
			t.Errorf("terms %s = %v, want %v", text, err, governor.ErrTerms)
		}
	}
	if _, err := governor.ParseCard([]byte(`{"msp":"OperatorMSP"}`)); !errors.Is(err, governor.ErrCard) {
		t.Errorf("half a card = %v, want %v", err, governor.ErrCard)
	}
	config, err := governor.Compose(terms(t), partnertest.Channel, "guildmark", cards)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := governor.FirstBundle(config, nil); !errors.Is(err, governor.ErrCard) {
		t.Errorf("bundle without roots = %v, want %v", err, governor.ErrCard)
	}
}

// The secrets stay what they are, and are never read from a file that others can read.
func TestKeysStay(t *testing.T) {
	dir := t.TempDir()
	card := func() governor.Card {
		t.Helper()
		keys, err := governor.OpenKeys(dir)
		if err != nil {
			t.Fatal(err)
		}
		c, err := keys.Card(partnertest.Operator, "operator", "", "regtest")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if first, second := card(), card(); first != second {
		t.Errorf("two cards of the same keys: %+v and %+v", first, second)
	}
	if err := os.Chmod(filepath.Join(dir, "treasury.seed"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := governor.OpenKeys(dir); !errors.Is(err, host.ErrExposed) {
		t.Errorf("a seed that the group reads: %v, want %v", err, host.ErrExposed)
	}
}
