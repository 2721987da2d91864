// Package swtpm makes and runs TPM emulators for tests and demos, each with an endorsement key certificate
// from a certificate authority of its own in a folder the caller gives.
//
// Does not touch the system's swtpm-localca folder, and is not for production: an emulator's state is a file
// that its owner can restore from a copy.
//
// Read swtpm.go. Errors are those of the programs that it starts, with their output.
package swtpm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrMissing names the packages to install.
var ErrMissing = errors.New("swtpm is not installed: apt-get install -y swtpm swtpm-tools")

// Authority is a local certificate authority for endorsement keys: a root and an issuer.
type Authority struct{ dir string }

// File names inside an authority's folder; swtpm_localca makes keys and certificates when it first issues one.
const (
	rootFile   = "swtpm-localca-rootca-cert.pem"
	issuerFile = "issuercert.pem"
)

// NewAuthority describes an authority in a folder; it is created if it isn't there.
func NewAuthority(dir string) (*Authority, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the authority's folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the authority's folder: %w", err)
	}
	tool, err := find("swtpm_localca")
	if err != nil {
		return nil, err
	}
	a := &Authority{dir: dir}
	for name, text := range map[string]string{
		a.path("localca.conf"): "statedir = " + dir + "\nsigningkey = " + a.path("signkey.pem") +
			"\nissuercert = " + a.path(issuerFile) + "\ncertserial = " + a.path("certserial") + "\n",
		a.path("localca.options"): "--platform-manufacturer Guildmark\n--platform-version " +
			"1\n--platform-model simulator\n",
		a.path("setup.conf"): "create_certs_tool = " + tool + "\ncreate_certs_tool_config = " +
			a.path("localca.conf") +
			"\ncreate_certs_tool_options = " + a.path("localca.options") + "\nactive_pcr_banks = sha256\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("configure the authority: %w", err)
		}
	}
	return a, nil
}

func (a *Authority) path(name string) string { return filepath.Join(a.dir, name) }

// Root is the root certificate, PEM; there is one after the first Make.
func (a *Authority) Root() ([]byte, error) { return os.ReadFile(a.path(rootFile)) }

// Issuer is the issuer's certificate, PEM.
func (a *Authority) Issuer() ([]byte, error) { return os.ReadFile(a.path(issuerFile)) }

// Make manufactures an emulated TPM: its state goes into dir, with an EK certificate by the authority.
func (a *Authority) Make(ctx context.Context, dir string) error {
	setup, err := find("swtpm_setup")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the emulator's folder: %w", err)
	}
	//nolint:gosec // G204: the program is looked up by its fixed name, the arguments are folders of the caller.
	cmd := exec.CommandContext(ctx, setup, "--tpm2", "--create-ek-cert", "--tpmstate", dir,
		"--config", a.path("setup.conf"), "--not-overwrite")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("swtpm_setup: %w: %s", err, out)
	}
	return errors.Join(closeFiles(a.dir), closeFiles(dir))
}

// closeFiles leaves a folder's files to their owner: swtpm's tools make keys and a TPM's memory readable for
// the group.
func closeFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("close the files of %s: %w", dir, err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := os.Chmod(filepath.Join(dir, e.Name()), 0o600); err != nil {
			return fmt.Errorf("close the files of %s: %w", dir, err)
		}
	}
	return nil
}

func find(tool string) (string, error) {
	path, err := exec.LookPath(tool)
	if err != nil {
		return "", fmt.Errorf("%w (%s not found)", ErrMissing, tool)
	}
	return path, nil
}

// Clone copies the state of a TPM that isn't running: the copy is the same TPM, seeds and all.
func Clone(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("make the emulator's folder: %w", err)
	}
	const state = "tpm2-00.permall" // NVRAM; the volatile state is not ours to copy
	b, err := os.ReadFile(filepath.Join(from, state))
	if err != nil {
		return fmt.Errorf("copy an emulator's state: %w", err)
	}
	if err := os.WriteFile(filepath.Join(to, state), b, 0o600); err != nil { //nolint:gosec // G703: likewise
		return fmt.Errorf("copy an emulator's state: %w", err)
	}
	return nil
}
