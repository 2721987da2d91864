package agent

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/machine/runtime"
)

// The whole way: enroll, buy, use three times, be refused by the TPM, deliver receipts.
func TestStory(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	h := s.bought()
	w.server.Close() // from here on there is no network
	for n := int64(1); n <= 3; n++ {
		used, err := s.agent.Use(t.Context(), h.License.ID[:8])
		if err != nil {
			t.Fatalf("use %d: %v", n, err)
		}
		if used.Count != n || used.Limit != 3 {
			t.Errorf("use %d: count %d of %d", n, used.Count, used.Limit)
		}
	}
	_, err := s.agent.Use(t.Context(), h.License.ID)
	wantCode(t, err, "tpm.auth_unavailable")
	if last := s.events[len(s.events)-1]; last.Kind != runtime.Refused {
		t.Errorf("the last event is %q, want the runtime's refusal", last.Kind)
	}
}

// A recipe larger than a package is opened a package at a time, while the device runs.
func TestPackageByPackage(t *testing.T) {
	w := newWorld(t, "marble-cloud.jsonl")
	s := newSite(t, w, "first").enrolled()
	h := s.bought()
	s.agent.config.Devices = oneMixer(bar(100_000, "coconut-milk", "pineapple-juice", "blackberry-syrup",
		"passion-fruit"))
	_, err := s.agent.Use(t.Context(), h.License.ID)
	must(t, err)
	opened, between := 0, 0
	for _, e := range s.events {
		switch {
		case e.Kind == runtime.Package:
			opened++
			if e.Package != opened {
				t.Errorf("package %d after %d", e.Package, opened-1)
			}
		case e.Kind == runtime.Device && opened == 1:
			between++
		}
	}
	if want := (len(w.plain) + sealed.PackageSize - 1) / sealed.PackageSize; opened != want || want < 3 ||
		between == 0 {
		t.Errorf("%d packages opened of %d, %d events of the device before the second", opened, want, between)
	}
}

// Everything but the TPM's socket is dead, and there is no interface to reach it by: the machine still
// produces.
func TestUseWithoutAnyNetwork(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	h := s.bought()
	w.server.Close()
	must(t, s.store.Close())
	file := filepath.Join(t.TempDir(), "machine.json")
	must(t, os.WriteFile(file, ledger.Encode(s.config()), 0o600))
	program, err := os.Executable()
	must(t, err)
	use := func() (string, error) {
		child := exec.CommandContext(t.Context(), program, "offline-use", file, h.License.ID)
		child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		out, err := child.CombinedOutput()
		return string(out), err
	}
	for n := range 3 {
		if out, err := use(); err != nil {
			t.Fatalf("use %d: %v: %s", n+1, err, out)
		}
	}
	out, err := use()
	if err == nil || !strings.Contains(out, "tpm.auth_unavailable") {
		t.Errorf("the fourth use: %v: %s, want the TPM's refusal", err, out)
	}
	s.open()
}

// A gateway that puts another address, price or machine into an order is found out before anything is paid.
func TestCrookedOrders(t *testing.T) {
	tests := []struct {
		name  string
		crook func(*order.Order)
		code  string
	}{
		{"another script", func(o *order.Order) { o.Script = "0020" + strings.Repeat("ab", 32) }, "order.script"},
		{"another number than the script's", func(o *order.Order) { o.Number++ }, "order.script"},
		{"another descriptor", func(o *order.Order) { o.Descriptor = 2 }, "order.descriptor"},
		{"a higher price than allowed", func(o *order.Order) { o.Price = 5001 }, "machine.price"},
		{"another machine", func(o *order.Order) { o.Machine = ledger.Hash("other") }, "machine.order"},
		{"another offer", func(o *order.Order) { o.Items[0].Offer = ledger.Hash("other") }, "machine.order"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "sunrise.jsonl")
			s := newSite(t, w, "first").enrolled()
			w.crook = tt.crook
			_, err := s.agent.Buy(t.Context(), offerID, 5000)
			wantCode(t, err, tt.code)
			if len(w.paid) != 0 {
				t.Error("it was paid")
			}
		})
	}
}

// Answers that k partners did not sign are of no use, whatever the gateway says.
func TestForgedAnswers(t *testing.T) {
	tests := []struct {
		name  string
		forge func(*world)
		code  string
	}{
		{"one partner alone", func(w *world) { w.peers = w.peers[:1] }, "signed.quorum"},
		{"another channel", func(w *world) { w.deed.Channel = "shadow" }, "signed.channel"},
		{"an endorsed write that was never submitted", func(w *world) { w.deed.Writes = true }, "signed.writes"},
		{"two certificates that are no peers'", func(w *world) {
			for i, msp := range []string{signedtest.Operator, signedtest.Manufacturer} {
				var err error
				w.peers[i], err = w.consortium.Signer(msp, signedtest.Leaf{OUs: []string{"client"}})
				must(w.t, err)
			}
		}, "signed.role"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "sunrise.jsonl")
			s := newSite(t, w, "first").enrolled()
			tt.forge(w)
			_, err := s.agent.Buy(t.Context(), offerID, 0)
			wantCode(t, err, tt.code)
		})
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var r *ledger.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
}
