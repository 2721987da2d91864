package agent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/purchase"
)

var errKilled = errors.New("killed")

// killAt makes the store fail at its n-th point, and at every later one: what is dead stays dead. It returns
// the points that were passed.
func (s *site) killAt(n int) *[]string {
	var passed []string
	s.store.Interrupt(func(point string) error {
		passed = append(passed, point)
		if len(passed) > n {
			return errKilled
		}
		return nil
	})
	return &passed
}

// The agent is killed before and after each of its writes, from the first enrollment to the license in hand,
// and goes on each time: nothing twice, nothing lost.
func TestKilledAtEachWrite(t *testing.T) {
	all := points(t)
	if len(all) < 30 {
		t.Fatalf("only %d points: %v", len(all), all)
	}
	for n, point := range all {
		t.Run(strings.ReplaceAll(point, "/", "_"), func(t *testing.T) {
			w := newWorld(t, "sunrise.jsonl")
			s := newSite(t, w, "first")
			s.killAt(n)
			if err := s.enrollAndBuy(); !errors.Is(err, errKilled) {
				t.Fatalf("got %v, want to be killed at %s", err, point)
			}
			s.reopen()
			must(t, s.enrollAndBuy())
			w.checkOnce(t)
			h, err := s.agent.store().All()
			must(t, err)
			used, err := s.agent.Use(t.Context(), h[0].License.ID)
			must(t, err)
			if used.Count != 1 || used.Limit != 3 {
				t.Errorf("count %d of %d, want 1 of 3", used.Count, used.Limit)
			}
		})
	}
}

// points lists the points of a run that isn't killed.
func points(t *testing.T) []string {
	t.Helper()
	s := newSite(t, newWorld(t, "sunrise.jsonl"), "first")
	passed := s.killAt(1 << 30)
	must(t, s.enrollAndBuy())
	return *passed
}

func (s *site) enrollAndBuy() error {
	if _, err := s.agent.Enroll(s.t.Context(), testCode); err != nil {
		return err
	}
	if all, err := s.agent.store().All(); err != nil || (len(all) == 1 && all[0].Meter != "" && s.finished()) {
		return err // it was killed when all was done
	}
	_, err := s.agent.Buy(s.t.Context(), offerID, 0)
	return err
}

func (s *site) finished() bool {
	all, err := purchase.All(s.store)
	must(s.t, err)
	return len(all) == 1 && all[0].Step == purchase.Finished
}

// checkOnce: one machine, one order, one license, one grant.
func (w *world) checkOnce(t *testing.T) {
	t.Helper()
	grants := 0
	for _, g := range w.grants {
		grants += len(g)
	}
	if len(w.machines) != 1 || len(w.orders) != 1 || len(w.paid) != 1 || len(w.licenses) != 1 || grants != 1 {
		t.Errorf("%d machines, %d orders, %d payments, %d licenses, %d grants: want one of each",
			len(w.machines), len(w.orders), len(w.paid), len(w.licenses), grants)
	}
}

// The answer to each writing request is lost once after its work was done.
func TestLostAnswers(t *testing.T) {
	for _, lost := range []string{"/v1/orders", "/grants", "/oauth/token", "/receipts"} {
		t.Run(strings.TrimPrefix(lost, "/"), func(t *testing.T) {
			w := newWorld(t, "sunrise.jsonl")
			s := newSite(t, w, "first").enrolled()
			w.lose = lost
			_, err := s.agent.Buy(t.Context(), offerID, 0)
			// net/http itself repeats what carries an Idempotency-Key
			if lost == "/grants" || lost == "/oauth/token" {
				wantCode(t, err, "machine.offline")
				s.reopen()
				_, err = s.agent.Buy(t.Context(), offerID, 0)
			}
			must(t, err)
			w.checkOnce(t)
			all, err := s.agent.store().All()
			must(t, err)
			_, err = s.agent.Use(t.Context(), all[0].License.ID)
			must(t, err)
			if lost == "/receipts" {
				_, err := s.agent.Sync(t.Context())
				wantCode(t, err, "machine.offline")
			}
			for range 2 { // the second has nothing to deliver
				_, err = s.agent.Sync(t.Context())
				must(t, err)
			}
			if len(w.receipts) != 1 {
				t.Errorf("%d receipts on the ledger, want 1", len(w.receipts))
			}
		})
	}
}

// The TPM is reset between request and answer: the agent asks again.
func TestResetWhileAGrantIsOpen(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	s.store.Interrupt(func(point string) error {
		if strings.HasPrefix(point, "after purchases/") && w.recorded() {
			return errKilled
		}
		return nil
	})
	if _, err := s.agent.Buy(t.Context(), offerID, 0); !errors.Is(err, errKilled) {
		t.Fatalf("got %v, want to be killed after the grant was recorded", err)
	}
	must(t, s.sim.Reboot(t.Context()))
	s.reopen()
	h := s.bought()
	used, err := s.agent.Use(t.Context(), h.License.ID)
	must(t, err)
	if used.Limit != 3 {
		t.Errorf("limit %d, want 3", used.Limit)
	}
}

func (w *world) recorded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.grants) > 0
}

// The state folder, put back from a copy that was made before the second use, gives no use back.
func TestRestoredFromACopy(t *testing.T) {
	s := newSite(t, newWorld(t, "sunrise.jsonl"), "first").enrolled()
	h := s.bought()
	use := func() error {
		_, err := s.agent.Use(t.Context(), h.License.ID)
		return err
	}
	must(t, use())
	copied := filepath.Join(t.TempDir(), "copy")
	must(t, os.CopyFS(copied, os.DirFS(s.state)))
	must(t, use())
	must(t, use())
	must(t, s.store.Close())
	must(t, os.RemoveAll(s.state))
	must(t, os.CopyFS(s.state, os.DirFS(copied)))
	s.open()
	wantCode(t, use(), "tpm.auth_unavailable")
}

// The same files on a second machine of the same make are worth nothing: not whole, and not with its own
// enrollment.
func TestFilesOnASecondMachine(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	first := newSite(t, w, "first").enrolled()
	h := first.bought()

	t.Run("the whole folder", func(t *testing.T) {
		second := newSite(t, w, "second")
		second.replaceState(first, ".")
		_, err := second.agent.Use(t.Context(), h.License.ID)
		wantCode(t, err, "machine.other_tpm")
	})
	t.Run("the license beside its own enrollment", func(t *testing.T) {
		second := newSite(t, w, "second").enrolled()
		second.replaceState(first, "licenses")
		second.replaceState(first, "meters")
		_, err := second.agent.Use(t.Context(), h.License.ID)
		wantCode(t, err, "license.machine")
	})
	t.Run("the first machine still has its three uses", func(t *testing.T) {
		for range 3 {
			_, err := first.agent.Use(t.Context(), h.License.ID)
			must(t, err)
		}
		_, err := first.agent.Use(t.Context(), h.License.ID)
		wantCode(t, err, "tpm.auth_unavailable")
	})
}

// replaceState copies a part of another machine's state folder over ours.
func (s *site) replaceState(from *site, part string) {
	s.t.Helper()
	must(s.t, s.store.Close())
	must(s.t, os.RemoveAll(filepath.Join(s.state, part)))
	must(s.t, os.CopyFS(filepath.Join(s.state, part), os.DirFS(filepath.Join(from.state, part))))
	s.open()
}

// Used up, the same offer is bought again: another order, another license, three more uses; not while uses
// are left.
func TestBuyAgain(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	first := s.bought()
	use := func(h holding.Holding) error {
		_, err := s.agent.Use(t.Context(), h.License.ID)
		return err
	}
	must(t, use(first))
	_, err := s.agent.Buy(t.Context(), offerID, 0)
	wantCode(t, err, "machine.uses_left")
	if len(w.paid) != 1 {
		t.Fatal("it paid for a license that it can't use")
	}
	must(t, use(first))
	must(t, use(first))
	second := s.bought()
	if second.License.ID == first.License.ID {
		t.Fatal("the same license again")
	}
	wantCode(t, use(first), "machine.spent")
	for range 3 {
		must(t, use(second))
	}
	wantCode(t, use(second), "tpm.auth_unavailable")
	_, err = s.agent.Sync(t.Context())
	must(t, err)
	if len(w.receipts) != 6 || len(w.paid) != 2 {
		t.Errorf("%d receipts and %d payments on the ledger, want 6 and 2", len(w.receipts), len(w.paid))
	}
	all, err := s.agent.Status(t.Context())
	must(t, err)
	if len(all) != 2 || all[0].Count+all[1].Count != 6 {
		t.Errorf("got %+v", all)
	}
}

// The agent is killed at each write of a second purchase, which removes the used-up meter: the license that
// was paid has all its uses.
func TestKilledWhileBuyingAgain(t *testing.T) {
	again := func(kill int) ([]string, *site, error) {
		w := newWorld(t, "sunrise.jsonl")
		s := newSite(t, w, "first").enrolled()
		first := s.bought()
		for range 3 {
			_, err := s.agent.Use(t.Context(), first.License.ID)
			must(t, err)
		}
		passed := s.killAt(kill)
		_, err := s.agent.Buy(t.Context(), offerID, 0)
		return *passed, s, err
	}
	all, _, err := again(1 << 30)
	must(t, err)
	for n, point := range all {
		if !strings.Contains(point, "holding.json") {
			continue // the others are like the first purchase's
		}
		t.Run(strings.ReplaceAll(point, "/", "_"), func(t *testing.T) {
			_, s, err := again(n)
			if !errors.Is(err, errKilled) {
				t.Fatalf("got %v, want to be killed at %s", err, point)
			}
			s.reopen()
			second := s.bought()
			for range 3 {
				_, err := s.agent.Use(t.Context(), second.License.ID)
				must(t, err)
			}
			_, err = s.agent.Use(t.Context(), second.License.ID)
			wantCode(t, err, "tpm.auth_unavailable")
		})
	}
}
