package swtpm_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/guildmark/guildmark/machine/tpm"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

func TestAMachineFromItsOwnAuthority(t *testing.T) {
	const system = "/var/lib/swtpm-localca"
	before := listing(t, system)
	dir := filepath.Join(t.TempDir(), strings.Repeat("a folder whose name is far too long for a socket/", 3))
	ca, err := swtpm.NewAuthority(filepath.Join(dir, "ca"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.Make(t.Context(), filepath.Join(dir, "tpm")); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() ([]byte, error){"root": ca.Root, "issuer": ca.Issuer} {
		if pem, err := read(); err != nil || !strings.Contains(string(pem), "BEGIN CERTIFICATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := swtpm.Start(t.Context(), filepath.Join(dir, "tpm"))
	if err != nil {
		t.Fatal(err)
	}
	pid := s.PID()
	c, err := tpm.Dial(t.Context(), s.Address())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tpm.EKCertificate(c); err != nil {
		t.Error(err)
	}
	if err := errors.Join(c.Close(), s.Stop(context.Background())); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("swtpm %d is still there: %v", pid, err)
	}
	if _, err := os.Stat(strings.TrimPrefix(s.Address(), "unix:")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its socket is still there: %v", err)
	}
	if after := listing(t, system); after != before {
		t.Errorf("the system's authority changed: %q, before %q", after, before)
	}
}

// listing names a folder's files; "" if there is none.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestMissingProgramNamesThePackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := swtpm.NewAuthority(t.TempDir())
	if !errors.Is(err, swtpm.ErrMissing) || !strings.Contains(err.Error(), "apt-get install -y swtpm swtpm-tools") {
		t.Errorf("got %v", err)
	}
	if _, err := swtpm.Start(t.Context(), t.TempDir()); !errors.Is(err, swtpm.ErrMissing) {
		t.Errorf("got %v", err)
	}
}

func TestStartSaysWhyItFailed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tpm2-00.permall"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := swtpm.Start(t.Context(), dir); err == nil {
		t.Error("a damaged TPM answers", s.Stop(context.Background()))
	}
}
