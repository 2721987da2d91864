package governor

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
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/partner/partnertest"
	"github.com/guildmark/guildmark/network/topology"
)

// inMemory is a governor's client of the ledger in memory.
type inMemory struct{ *partnertest.Caller }

func (m inMemory) Submit(ctx context.Context, function string, args ...string) (client.Result, error) {
	payload, err := m.Caller.Submit(ctx, function, args...)
	return client.Result{Payload: []byte(payload)}, err
}

func (m inMemory) Evaluate(ctx context.Context, function string, args ...string) ([]byte, error) {
	doc, err := m.Caller.Evaluate(ctx, function, args...)
	return []byte(doc), err
}

// partners are the four governors of the default consortium, each at a home of its own.
func partners(t *testing.T) (*partnertest.World, []*Partner) {
	t.Helper()
	raw, err := os.ReadFile("../../play/terms.json")
	if err != nil {
		t.Fatal(err)
	}
	terms, err := ParseTerms(raw)
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	w, dir := partnertest.NewLedger(t), t.TempDir()
	var all []*Partner
	for _, p := range top.Partners {
		h, err := home.Create(filepath.Join(dir, p.Name), p.Name, top, 10000)
		if err != nil {
			t.Fatal(err)
		}
		if err := home.Put(h.Public().IdentityRoot(), []byte(w.Root())); err != nil {
			t.Fatal(err)
		}
		all = append(all, &Partner{
			Governor: New(inMemory{w.Governor(p.MSP)}), home: h,
			channel: partnertest.Channel, terms: terms,
		})
	}
	return w, all
}

// post carries what the partners published and sent, as the play's courier does.
func post(t *testing.T, all []*Partner) {
	t.Helper()
	for _, from := range all {
		for _, to := range all {
			inbox := filepath.Join(home.InboxDir(to.home.Dir), from.home.Partner.Name)
			for _, folder := range []func(string) string{home.PublicDir, home.OutboxDir} {
				if from == to {
					continue
				}
				if err := os.RemoveAll(folder(inbox)); err != nil {
					t.Fatal(err)
				}
				if err := os.CopyFS(folder(inbox), os.DirFS(folder(from.home.Dir))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// found brings the configuration in force and the draft of the bundle to all partners.
func found(t *testing.T) []*Partner {
	t.Helper()
	w, all := partners(t)
	for _, p := range all {
		if err := p.PublishCard(); err != nil {
			t.Fatal(err)
		}
	}
	post(t, all)
	for i, p := range all {
		config, err := p.Compose()
		if err == nil && i == 0 {
			err = p.Propose(t.Context(), config)
		}
		if err == nil && p.Signs() {
			err = p.Approve(t.Context(), config)
		}
		if err != nil {
			t.Fatalf("%s: %v", p.home.Partner.Name, err)
		}
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	if _, err := w.Someone(partnertest.Auditor, party.Heartbeat).Submit(t.Context(), "governance:Tick",
		now); err != nil {
		t.Fatal(err)
	}
	if err := all[0].DraftBundle(t.Context()); err != nil {
		t.Fatal(err)
	}
	post(t, all)
	return all
}

// Each partner acts at its own home; documents travel; the ledger holds the configuration and the bundle in the end.
func TestFourHomesFoundAMarket(t *testing.T) {
	all := found(t)
	for _, p := range all {
		if err := p.SignBundle(t.Context(), "operator"); err != nil {
			t.Fatal(err)
		}
	}
	post(t, all)
	if err := all[0].SubmitBundle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if ok, err := p.Bundled(t.Context()); !ok || err != nil {
			t.Errorf("%s: bundled %v, %v", p.home.Partner.Name, ok, err)
		}
	}
}

// A partner signs only the bundle that it makes by itself: not another draft, and not one with another root in it.
func TestPartnerSignsOnlyItsOwnBundle(t *testing.T) {
	tests := []struct {
		name string
		harm func(t *testing.T, signer *Partner)
	}{
		{"a draft with one byte changed", func(t *testing.T, signer *Partner) {
			t.Helper()
			path := signer.home.From("operator").Bundle(partnertest.Channel)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := home.Put(path, []byte(strings.Replace(string(raw), `"quorum":2`, `"quorum":1`,
				1))); err != nil {
				t.Fatal(err)
			}
		}},
		{"a root that this partner does not know", func(t *testing.T, signer *Partner) {
			t.Helper()
			if err := home.Put(signer.home.Of("licensors").IdentityRoot(),
				[]byte(partnertest.NewLedger(t).Root())); err != nil {
				t.Fatal(err)
			}
		}},
		{"no draft", func(t *testing.T, signer *Partner) {
			t.Helper()
			if err := os.Remove(signer.home.From("operator").Bundle(partnertest.Channel)); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			signer := found(t)[1]
			tt.harm(t, signer)
			if err := signer.SignBundle(t.Context(), "operator"); !errors.Is(err, ErrDraft) {
				t.Errorf("sign = %v, want %v", err, ErrDraft)
			}
			if _, err := os.Stat(signer.home.Outbox().Signature(partnertest.Channel)); err == nil {
				t.Error("a signature was sent all the same")
			}
		})
	}
}

func TestComposeNeedsEachPartnersOwnCard(t *testing.T) {
	_, all := partners(t)
	for _, p := range all {
		if err := p.PublishCard(); err != nil {
			t.Fatal(err)
		}
	}
	post(t, all)
	other, err := os.ReadFile(all[0].home.Of("licensors").Card())
	if err != nil {
		t.Fatal(err)
	}
	if err := home.Put(all[0].home.Of("manufacturer").Card(), other); err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].Compose(); !errors.Is(err, ErrCard) {
		t.Errorf("another partner's card: %v, want %v", err, ErrCard)
	}
	if err := os.Remove(all[0].home.Of("manufacturer").Card()); err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].Compose(); !errors.Is(err, ErrCard) {
		t.Errorf("a card that never came: %v, want %v", err, ErrCard)
	}
}
