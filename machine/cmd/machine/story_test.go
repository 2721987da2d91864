package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

// TestStories runs the command as a person does; each file in testdata is one story. $TPM is the address of a TPM
// emulator with an endorsement certificate.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		maker, err := swtpm.NewAuthority(filepath.Join(e.WorkDir, ".maker"))
		if err != nil {
			return err
		}
		dir := filepath.Join(e.WorkDir, ".tpm")
		if err := maker.Make(t.Context(), dir); err != nil {
			return err
		}
		sim, err := swtpm.Start(t.Context(), dir)
		if err != nil {
			return err
		}
		e.Defer(func() { _ = sim.Stop(context.WithoutCancel(t.Context())) })
		e.Setenv("TPM", sim.Address())
		return nil
	}})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"machine": func() {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}})
}
