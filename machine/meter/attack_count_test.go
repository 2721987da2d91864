package meter_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

func (b *bench) tool(args ...string) (string, error) {
	b.t.Helper()
	path, err := exec.LookPath(args[0])
	if err != nil {
		b.t.Fatalf("%s is missing: apt-get install -y tpm2-tools", args[0])
	}
	b.hangUp() // one client at a time
	cmd := exec.CommandContext(b.t.Context(), path, args[1:]...)
	cmd.Env = append(os.Environ(), "TPM2TOOLS_TCTI="+b.sim.TCTI())
	out, err := cmd.CombinedOutput()
	b.reopen()
	return string(out), err
}

func (b *bench) rawBurn() (string, error) {
	b.t.Helper()
	session := filepath.Join(b.t.TempDir(), "session")
	if out, err := b.tool("tpm2_startauthsession", "--policy-session", "-S", session); err != nil {
		b.t.Fatalf("tpm2_startauthsession: %v: %s", err, out)
	}
	out, err := b.tool("tpm2_policysecret", "-S", session, "-c", "0x01800200")
	if flushed, flushErr := b.tool("tpm2_flushcontext", session); flushErr != nil {
		b.t.Fatalf("tpm2_flushcontext: %v: %s", flushErr, flushed)
	}
	return out, err
}

func TestAttackOneUseTooMany(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	if out, err := b.rawBurn(); err != nil { // honest beside it: the raw way works and costs a use
		t.Fatalf("tpm2_policysecret: %v: %s", err, out)
	}
	b.pin(2, 3)
	b.use()
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
	var r *tpm.Refused
	if !errors.Is(err, meter.ErrUsedUp) || !errors.As(err, &r) || r.Name() != "TPM_RC_AUTH_UNAVAILABLE" {
		t.Errorf("got %v", err)
	}
	out, err := b.rawBurn()
	if err == nil {
		t.Fatal("tpm2-tools burnt a use too many")
	}
	if !strings.Contains(strings.ToLower(out), "0x12f") {
		t.Errorf("tpm2_policysecret failed otherwise: %s", out)
	}
	b.pin(3, 3)
}

func TestAttackReboot(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	b.use()
	b.reboot()
	b.pin(2, 3)
	b.use()
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
}

func TestAttackPowerCut(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	b.use()
	b.powerCut()
	b.pin(2, 3)
	b.use()
	b.powerCut()
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
}

func TestAttackFilesRestoredFromACopy(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	before, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	b.use()
	if err := os.WriteFile(b.path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	b.use()
	if err := os.WriteFile(b.path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	_, err = b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
	b.pin(3, 3)
}

func TestAttackHalfWithoutThePin(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	armed, err := b.meter.Armed()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		u, err := meter.Begin(b.tpm, armed)
		if err != nil {
			t.Fatal(err)
		}
		upper, err := u.Upper()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(upper, b.share) {
			t.Error("one half is the whole share")
		}
		_, err = u.Lower()
		wantRefused(t, err, tpm2.TPMRCAuthUnavailable)
		if err := u.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b.noLeak()
	// The other half's policy can't be met by the checks of this one.
	u, err := meter.Begin(b.tpm, armed)
	if err != nil {
		t.Fatal(err)
	}
	swapped := armed
	swapped.Upper = armed.Lower
	v, err := meter.Begin(b.tpm, swapped)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Upper()
	wantRefused(t, err, tpm2.TPMRCPolicyFail)
	if err := errors.Join(u.Close(), v.Close()); err != nil {
		t.Fatal(err)
	}
	b.pin(1, 1)
	b.noLeak()
}

func TestAttackTicket(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	h := b.handle(true)
	for _, c := range []struct {
		name string
		auth tpm2.AuthHandle
		want bool
	}{
		{"the owner", tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)}, true},
		{"the PIN index", tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: tpm2.PasswordAuth(nil)}, false},
	} {
		s, err := b.tpm.GrantSession()
		if err != nil {
			t.Fatal(err)
		}
		rsp, err := tpm2.PolicySecret{
			AuthHandle: c.auth, PolicySession: s.Handle(), NonceTPM: s.NonceTPM(), Expiration: -1000,
		}.Execute(b.conn)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := len(rsp.PolicyTicket.Digest.Buffer) > 0; got != c.want {
			t.Errorf("%s: got a ticket %v, want %v", c.name, got, c.want)
		}
		if err := s.Close(b.conn); err != nil {
			t.Fatal(err)
		}
	}
	b.pin(1, 3)
}

func TestRefusalsLeakNothing(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	for range 20 {
		_, err := b.meter.Use()
		b.refused(err, tpm2.TPMRCAuthUnavailable)
	}
	g := b.grant(b.request(), 2, 0, 1, true)
	bad := g
	bad.Signatures = [2][]byte{g.Signatures[0], g.Signatures[0]}
	for range 20 {
		b.refused(b.meter.Apply(bad), tpm2.TPMRCSignature)
	}
	if err := b.meter.Apply(g); err != nil {
		t.Fatal(err)
	}
	b.use()
	b.noLeak()
}
