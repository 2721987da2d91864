package registrar_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/network/partner/partnertest"
	"github.com/guildmark/guildmark/network/partner/registrar"
)

func TestCodeIsForOneMachine(t *testing.T) {
	o := newOffice(t)
	code := o.code("mixer")
	p := partnertest.NewTPM(t, o.maker)
	first, refused := o.enroll(p, code, "mixer", nil)
	if refused != "" {
		t.Fatalf("refused: %s", refused)
	}
	again, refused := o.enroll(p, strings.ToLower(code), "mixer", nil)
	if refused != "" || again.Machine != first.Machine {
		t.Errorf("the same machine again: %q, %+v; want the same record", refused, again.Machine)
	}
	if _, refused := o.enroll(partnertest.NewTPM(t, o.maker), code, "mixer", nil); refused != "registrar.code" {
		t.Errorf("another machine with the code: %q, want registrar.code", refused)
	}
	raw, err := os.ReadFile(o.list)
	if err != nil || strings.Contains(string(raw), code) {
		t.Errorf("the list holds the code itself, %v", err)
	}
}

// A way that breaks before or after the ledger's write: the machine comes again and there is one record.
func TestEnrollmentSurvivesABrokenLine(t *testing.T) {
	for name, spoil := range map[string]func(*line){
		"before": func(l *line) { l.breakBefore = "machines:Register" },
		"after":  func(l *line) { l.breakAfter = "machines:Register" },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			code, p := o.code("mixer"), partnertest.NewTPM(t, o.maker)
			spoil(o.ledger)
			if _, refused := o.enroll(p, code, "mixer", nil); refused != "internal" {
				t.Fatalf("refused with %q, want internal", refused)
			}
			o.ledger.breakBefore, o.ledger.breakAfter = "", ""
			o.start() // a new process on the old folder
			e, refused := o.enroll(p, code, "mixer", nil)
			if refused != "" || e.Machine.ID != p.MachineID() {
				t.Errorf("afterwards: %q", refused)
			}
		})
	}
}

func TestActivationGrowsOld(t *testing.T) {
	o := newOffice(t)
	p := partnertest.NewTPM(t, o.maker)
	request := p.ActivationRequest()
	request.Code = o.code("mixer")
	var a machine.Activation
	if refused := o.post("/activations", request, &a); refused != "" {
		t.Fatal(refused)
	}
	o.mu.Lock()
	o.now = o.now.Add(6 * time.Minute)
	o.mu.Unlock()
	r, err := p.EnrollmentRequest(a, "mixer")
	if err != nil {
		t.Fatal(err)
	}
	if refused := o.post("/activations/"+a.ID, r, nil); refused != "activation.unknown" {
		t.Errorf("after six minutes: %q, want activation.unknown", refused)
	}
}

// The runtime keys are made once; a folder with other keys than the ledger's stops the process.
func TestRuntimeKeysAreKept(t *testing.T) {
	o := newOffice(t)
	files, err := filepath.Glob(filepath.Join(o.state, "runtime", "*.seed"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d seeds, %v", len(files), err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() != sealed.SeedSize {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	r, err := registrar.New(registrar.Settings{
		MSP: partnertest.Manufacturer, Party: o.caller.Party, State: t.TempDir(), List: o.list,
		Lines: []string{"mixer"}, Ledger: o.ledger,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context()); !errors.Is(err, registrar.ErrKeys) {
		t.Errorf("Run: error %v, want %v", err, registrar.ErrKeys)
	}
}
