package agent

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/machine/device/mixer"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/runtime"
)

// A use that is aborted while pumps run: the child was locked in, its use counts, what it poured is gone from
// the bottles.
func TestAbortedUse(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	h := s.bought()
	// the first step takes two and a half seconds
	s.agent.config.Devices = oneMixer(bar(1, "orange-juice", "pineapple-juice", "grenadine"))
	ctx, abort := context.WithCancel(t.Context())
	defer abort()
	pid := 0
	s.extra = func(e runtime.Event) {
		if e.PID != 0 {
			pid = e.PID
		}
		if strings.Contains(string(e.Device), `"start"`) && ctx.Err() == nil {
			checkProcess(t, pid)
			abort()
		}
	}
	used, err := s.agent.Use(ctx, h.License.ID)
	wantCode(t, err, "mixer.aborted")
	if used.Count != 1 || used.Limit != 3 {
		t.Errorf("got count %d of %d, want 1 of 3", used.Count, used.Limit)
	}
	var levels []mixer.Level
	must(t, s.store.Load("devices/beverage-1.json", &levels))
	if len(levels) != 3 || levels[0].Left >= 700_000 {
		t.Errorf("the bottles hold %+v after an aborted use", levels)
	}
}

// Levels that a machine kept before devices had profiles still count at its next use.
func TestLevelsOfBefore(t *testing.T) {
	s := newSite(t, newWorld(t, "sunrise.jsonl"), "first").enrolled()
	h := s.bought()
	must(t, s.store.Write("levels.json",
		[]byte(`[{"pump":1,"left":10000},{"pump":2,"left":10000},{"pump":3,"left":10000}]`)))
	_, err := s.agent.Use(t.Context(), h.License.ID)
	wantCode(t, err, "mixer.level")
}

// checkProcess looks at a runtime from outside: locked memory, no interface but an idle loopback, nothing in
// its arguments or environment.
func checkProcess(t *testing.T, pid int) {
	t.Helper()
	read := func(name string) string {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		must(t, err)
		return string(b)
	}
	var locked int
	for line := range strings.Lines(read("status")) {
		if strings.HasPrefix(line, "VmLck:") {
			_, err := fmt.Sscanf(line, "VmLck: %d kB", &locked)
			must(t, err)
		}
	}
	if locked < 1024 {
		t.Errorf("%d kB locked, want the whole process", locked)
	}
	if interfaces := strings.Count(read("net/dev"), "\n") - 2; interfaces > 1 { // two lines of heading
		t.Errorf("the runtime sees %d interfaces", interfaces)
	}
	ours, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	must(t, err)
	if ours == theirs {
		t.Error("the runtime shares the agent's network namespace")
	}
	if limits := read("limits"); !strings.Contains(limits, "Max core file size        0 ") {
		t.Errorf("core dumps are not forbidden:\n%s", limits)
	}
	if env := read("environ"); env != "" {
		t.Errorf("environment %q, want none", env)
	}
	if args := strings.Split(strings.TrimSuffix(read("cmdline"), "\x00"), "\x00"); len(args) != 2 ||
		args[1] != "runtime" {
		t.Errorf("arguments %q", args)
	}
}

// Neither the state folder nor anything the agent hears from the runtime holds the recipe, a share or a key.
func TestNothingLeaks(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	h := s.bought()
	_, err := s.agent.Use(t.Context(), h.License.ID)
	must(t, err)
	heard, err := json.Marshal(s.events)
	must(t, err)
	places := map[string][]byte{"the runtime's events": heard}
	must(t, filepath.WalkDir(s.state, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", path, info.Mode())
		}
		places[path], err = os.ReadFile(path)
		return err
	}))
	if len(places) < 8 {
		t.Fatalf("only %d places searched", len(places))
	}
	for name, needle := range w.secrets() {
		for place, content := range places {
			if bytes.Contains(content, needle) {
				t.Errorf("%s holds %s", place, name)
			}
		}
	}
}

// secrets are what must not be found, in the forms in which they might be written.
func (w *world) secrets() map[string][]byte {
	all := map[string][]byte{}
	for i, line := range bytes.Split(bytes.TrimSpace(w.plain), []byte("\n")) {
		all[fmt.Sprintf("line %d of the recipe", i+1)] = line
	}
	all["an ingredient"] = []byte("grenadine")
	raw := map[string][]byte{"the runtime key": w.runtime}
	binding := sealed.Binding{Channel: w.consortium.Bundle.Channel, Manifest: w.manifest}
	envelope, err := sealed.ParseEnvelope(w.envelope)
	must(w.t, err)
	key, err := sealed.PrivateKey(w.runtime)
	must(w.t, err)
	share, err := binding.OpenRuntimeShare(envelope, key, runtimeID)
	must(w.t, err)
	raw["the runtime share"] = share[:]
	var halves []sealed.Share
	for _, msp := range []string{signedtest.Manufacturer, signedtest.Operator} {
		half, err := binding.OpenHalf(envelope, w.custodians[msp].hpke, msp+".00000000000000cc", msp,
			w.manifest.Custodians)
		must(w.t, err)
		raw["the half of "+msp] = half[:]
		halves = append(halves, half)
	}
	whole := sealed.Join(halves[0], halves[1])
	raw["the license share"] = whole[:]
	for name, secret := range raw {
		all[name] = secret
		all[name+" in hex"] = []byte(hex.EncodeToString(secret))
		all[name+" in base64"] = []byte(base64.StdEncoding.EncodeToString(secret)[:40])
	}
	return all
}

// What fails before the burn costs no use.
func TestRefusalsBeforeTheBurn(t *testing.T) {
	tests := []struct {
		name   string
		change func(*site, holding.Holding)
		code   string
	}{
		{
			"a byte of the signed license changed",
			func(s *site, h holding.Holding) {
				s.flip(holding.File(h.License.ID, "license.signed.json"),
					1000)
			}, "signed",
		},
		{
			"a byte of the manifest changed",
			func(s *site, h holding.Holding) { s.flip(holding.File(h.License.ID, "manifest.json"), 100) },
			"license.manifest",
		},
		{
			"a byte of the sealed body changed",
			func(s *site, h holding.Holding) { s.flip(holding.File(h.License.ID, "body.sealed"), 300) },
			"license.body",
		},
		{"the sealed body cut short", func(s *site, h holding.Holding) {
			must(s.t, os.Truncate(s.store.Path(holding.File(h.License.ID, "body.sealed")), 100))
		}, "license.body"},
		{"another bundle", func(s *site, _ holding.Holding) {
			other := *s.world.consortium.Bundle
			other.Quorum = 1
			must(s.t, s.store.Write("bundles/0000000000.json", other.Bytes()))
		}, "signed.policy"},
		{"a lifted key wrap", func(s *site, h holding.Holding) {
			s.world.seal() // another dataset for the same recipients
			e, err := sealed.ParseEnvelope(s.world.envelope)
			must(s.t, err)
			e.Dataset = h.License.Dataset
			must(s.t, s.store.Write(holding.File(h.License.ID, "envelope.json"), e.Bytes()))
		}, "sealed.wrap"},
		{"the lease has ended", func(s *site, _ holding.Holding) {
			var f holding.Floor
			must(s.t, s.store.Load("floor.json", &f))
			f.Time += 90_000
			must(s.t, s.store.Save("floor.json", f))
		}, "license.lease"},
		{"the grant is not finished", func(s *site, h holding.Holding) {
			h.Meter = ""
			must(s.t, s.store.Save(holding.File(h.License.ID, "holding.json"), h))
		}, "machine.not_granted"},
		{"an unknown license", func(s *site, h holding.Holding) {
			must(s.t, os.Rename(s.store.Path("licenses/"+h.License.ID),
				s.store.Path("licenses/"+ledger.Hash("other"))))
		}, "machine.license"},
	}
	w := newWorld(t, "sunrise.jsonl")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			*w = *newWorld(t, "sunrise.jsonl")
			s := newSite(t, w, "first").enrolled()
			h := s.bought()
			tt.change(s, h)
			_, err := s.agent.Use(t.Context(), h.License.ID)
			if tt.code == "signed" {
				if err == nil || !strings.Contains(err.Error(), "signed.") {
					t.Fatalf("got %v, want a refusal of the verifier", err)
				}
			} else {
				wantCode(t, err, tt.code)
			}
			for _, e := range s.events {
				if e.Kind == runtime.Burnt {
					t.Error("a use was burnt")
				}
			}
		})
	}
}

func (s *site) flip(name string, at int) {
	s.t.Helper()
	b, err := s.store.Read(name)
	must(s.t, err)
	b[at] ^= 1
	must(s.t, s.store.Write(name, b))
}
