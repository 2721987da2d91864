package agent

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/purchase"
)

// saw is the value that a refusal of this code saw.
func saw(t *testing.T, err error, code string) string {
	t.Helper()
	wantCode(t, err, code)
	r, _ := errors.AsType[*ledger.Refusal](err)
	return r.Saw
}

// A purchase that was refused for its price goes on under the next command's bound, and says where the old
// one is from.
func TestANewBoundCounts(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	_, err := s.agent.Buy(t.Context(), offerID, 100)
	if got := saw(t, err, "machine.price"); got != "allowed 100 sat, costs 5000 sat" {
		t.Errorf("saw %q", got)
	}
	_, err = s.agent.Sync(t.Context())
	if got := saw(t, err, "machine.price"); got != "allowed 100 sat (from the purchase begun before), costs "+
		"5000 sat" {
		t.Errorf("saw %q", got)
	}
	_, err = s.agent.Buy(t.Context(), offerID, 200)
	if got := saw(t, err, "machine.price"); got != "allowed 200 sat, costs 5000 sat" {
		t.Errorf("saw %q", got)
	}
	s.bought() // with no bound
	w.checkOnce(t)
}

// Once the payment may be on its way, a new bound changes nothing: the purchase goes on.
func TestANewBoundAfterPaying(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	s.store.Interrupt(func(point string) error {
		if strings.HasPrefix(point, "before purchases/") && len(w.paid) > 0 {
			return errKilled
		}
		return nil
	})
	if _, err := s.agent.Buy(t.Context(), offerID, 5000); !errors.Is(err, errKilled) {
		t.Fatalf("got %v, want to be killed after paying", err)
	}
	s.reopen()
	_, err := s.agent.Buy(t.Context(), offerID, 1)
	must(t, err)
	w.checkOnce(t)
}

func TestShortenedOffer(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	other := offerID[:9] + strings.Repeat("0", 55)
	w.offers = []string{ledger.Hash("elsewhere"), other, offerID}
	s := newSite(t, w, "first").enrolled()
	for _, tt := range []struct{ name, offer, code string }{
		{"too short to be looked for", offerID[:7], "id.malformed"},
		{"no id", "gin", "id.malformed"},
		{"two offers", offerID[:9], "machine.offer"},
		{"no offer", strings.Repeat("0", 12), "machine.offer"},
	} {
		_, err := s.agent.Buy(t.Context(), tt.offer, 0)
		if saw(t, err, tt.code) == "" {
			t.Errorf("%s: it saw nothing", tt.name)
		}
	}
	h, err := s.agent.Buy(t.Context(), offerID[:12], 0)
	must(t, err)
	if h.License.ID == "" || len(w.orders) != 1 {
		t.Errorf("license %q, %d orders", h.License.ID, len(w.orders))
	}
}

// slowChain is a wallet whose payments are never mined.
type slowChain struct{}

func (slowChain) Pay(context.Context, string, []byte, ledger.Satoshi) (string, error) {
	return ledger.Hash("tx"), nil
}

func (slowChain) Depth(_ context.Context, txid string) (purchase.Depth, error) {
	if txid != ledger.Hash("tx") {
		return purchase.Depth{}, errors.New("another payment")
	}
	return purchase.Depth{Block: time.Unix(1_800_000_000, 0)}, nil
}

// A wait that ends says what it waited for, not that time is over.
func TestWaitingForABlock(t *testing.T) {
	s := newSite(t, newWorld(t, "sunrise.jsonl"), "first").enrolled()
	s.agent.options.Payer = slowChain{}
	ctx, cancel := context.WithCancel(t.Context())
	report := s.agent.options.Report
	s.agent.options.Report = func(p Progress) {
		if p.Step == "settle" {
			cancel()
		}
		report(p)
	}
	_, err := s.agent.Buy(ctx, offerID, 0)
	const want = "0 confirmations, no block since 2027-01-15T08:00:00Z; open, 0 sat of 5000 sat"
	if got := saw(t, err, "machine.waiting"); !strings.HasPrefix(got, want) {
		t.Errorf("saw %q, want it to begin with %q", got, want)
	}
}

// Who asks for several uses learns before the first one that there are fewer; a use too many the TPM refuses,
// and the refusal says how many there were.
func TestUsedUp(t *testing.T) {
	s := newSite(t, newWorld(t, "sunrise.jsonl"), "first").enrolled()
	h := s.bought()
	must(t, s.agent.CheckUses(t.Context(), h.License.ID, 3))
	_, err := s.agent.Use(t.Context(), h.License.ID)
	must(t, err)
	if got := saw(t, s.agent.CheckUses(t.Context(), h.License.ID, 3),
		"machine.uses"); got != "2 of 3 uses left, asked for 3" {
		t.Errorf("saw %q", got)
	}
	for range 2 {
		_, err := s.agent.Use(t.Context(), h.License.ID)
		must(t, err)
	}
	_, err = s.agent.Use(t.Context(), h.License.ID)
	got := saw(t, err, "tpm.auth_unavailable")
	r, _ := errors.AsType[*ledger.Refusal](err)
	if r.Message != "all 3 uses are used" || !strings.HasPrefix(got, "the TPM refused: burn a use: 0x") {
		t.Errorf("got %q, saw %q", r.Message, got)
	}
}

func findings(all []Check) map[string]Check {
	by := map[string]Check{}
	for _, c := range all {
		by[c.Name] = c
	}
	return by
}

// doctor checks the registrar until it is not needed any more, says one cause once, and blames nothing that
// only waits.
func TestDoctor(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first")
	before := findings(s.agent.Doctor(t.Context()))
	if c := before["sign-in"]; !c.Waits || c.OK || c.Todo != "" || c.Detail != "waits for enrollment" {
		t.Errorf("before enrollment, sign-in: %+v", c)
	}
	if c := before["registrar"]; !c.OK {
		t.Errorf("before enrollment, registrar: %+v", c)
	}
	s.enrolled()
	after := findings(s.agent.Doctor(t.Context()))
	for name, c := range after {
		if !c.OK {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if _, asked := after["registrar"]; asked ||
		!strings.Contains(after["devices"].Detail, "beverage/1: 3 pumps; 1: orange-juice 700 ml") {
		t.Errorf("registrar asked %v, devices %q", asked, after["devices"].Detail)
	}
	_, err := s.agent.Buy(t.Context(), offerID, 100)
	wantCode(t, err, "machine.price")
	if c := findings(s.agent.Doctor(t.Context()))["purchases"]; c.OK ||
		!strings.Contains(c.Todo, "machine buy --offer "+offerID[:12]) {
		t.Errorf("purchases: %+v", c)
	}
	w.server.Close()
	failed := 0
	down := s.agent.Doctor(t.Context())
	for _, c := range down {
		if !c.OK && !c.Waits && c.Name != "purchases" {
			failed++
		}
	}
	if c := findings(down)["network"]; failed != 1 || c.OK || !strings.Contains(c.Detail, "gateway "+w.server.URL) {
		t.Errorf("without a network %d checks failed, network: %+v", failed, c)
	}
}

func (w *world) listOffers(*http.Request) (any, error) {
	type offer struct {
		ID string `json:"id"`
	}
	page := struct {
		Offers []offer `json:"offers"`
	}{}
	for _, id := range w.offers {
		page.Offers = append(page.Offers, offer{id})
	}
	return page, nil
}
