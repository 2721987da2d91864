package custodian_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/network/partner/custodian"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

// Killed before or after any call to the ledger, a custodian goes on where it was: nothing twice, nothing lost.
func TestKilledAtEachStep(t *testing.T) {
	s := newSite(t)
	n := s.nodes[ope]
	rows, round := 0, 0
	for _, after := range []bool{false, true} {
		for step := 1; ; step++ {
			round++
			n.peer.set(func(p *peer) { p.calls, p.killAt, p.after = 0, step, after })
			x, _ := s.seal(strconv.FormatInt(int64(0x40+round), 16), lic, ope)
			s.publish(x)
			killed := s.untilKilled(n, step, func() bool { return s.final(x) })
			s.wait("final all the same", func() bool { return s.final(x) })
			eventually(t, "nothing is left to do", func() bool { return idle(n) })
			if !killed {
				break
			}
			rows++
		}
	}
	if rows != 4 { // two calls a confirmation (read, confirm), before and after
		t.Errorf("%d rows of kill and step were run, want 4", rows)
	}
}

// TestGrantKilledAtEachStep is the same for the steps of a grant.
func TestGrantKilledAtEachStep(t *testing.T) {
	rows := 0
	for _, after := range []bool{false, true} {
		for step := 1; ; step++ {
			s := newSite(t).sell("41", lic, ope)
			s.activate(lic)
			s.activate(ope)
			n := s.nodes[ope]
			n.peer.set(func(p *peer) { p.calls, p.killAt, p.after = 0, step, after })
			g := s.request(lic, ope)
			killed := s.untilKilled(n, step, func() bool { return s.answered(g, ope) })
			s.wait("answered all the same", func() bool { return s.answered(g, ope) && s.answered(g, lic) })
			if !killed {
				break
			}
			rows++
		}
	}
	if rows != 14 { // GetGrant, Get, machine, recipients, newest GetGrant, dataset, AnswerGrant; before and after
		t.Errorf("%d rows of kill and step were run, want 14", rows)
	}
}

// untilKilled waits until the process died at the step and starts it again, or until the work is done without it.
func (s *site) untilKilled(n *node, step int, done func() bool) bool {
	s.t.Helper()
	calls := 0
	eventually(s.t, "killed or done", func() bool {
		n.peer.set(func(p *peer) { calls = p.calls })
		return calls >= step || done() && idle(n)
	})
	n.peer.set(func(p *peer) { calls, p.killAt = p.calls, 0 })
	n.stop()
	s.start(n.peer.MSP)
	return calls >= step
}

// idle reports that a custodian has no open task.
func idle(n *node) bool {
	files, _ := filepath.Glob(filepath.Join(n.state, "tasks", "*.json"))
	return len(files) == 0
}

// A state folder with other keys than the ledger's must not go unnoticed: nothing wrapped before would open.
func TestForeignStateFolderIsRefused(t *testing.T) {
	s := newSite(t)
	n := s.nodes[ope]
	n.stop()
	c, err := custodian.New(custodian.Settings{
		MSP: ope, Party: n.peer.Party, Channel: partnertest.Channel, State: t.TempDir(), Ledger: n.peer,
		Content: s.fetch,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "custodian.keys") {
		t.Errorf("Run: error %v, want custodian.keys", err)
	}
}

func TestHTTPContentIsBounded(t *testing.T) {
	srv := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "gone") {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	})
	fetch := custodian.HTTPContent(http.DefaultClient, srv)
	if raw, err := fetch(t.Context(), "a", 100); err != nil || len(raw) != 100 {
		t.Errorf("100 bytes of 100: %d, %v", len(raw), err)
	}
	for _, hash := range []string{"a", "gone"} {
		if _, err := fetch(t.Context(), hash, 99); err == nil ||
			!strings.HasPrefix(err.Error(), "custodian.content") {
			t.Errorf("%s with a limit of 99: %v", hash, err)
		}
	}
}
