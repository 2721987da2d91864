package tpm_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/machine/tpm"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

// factory is the one authority and the two TPMs that it made, shared by the tests; each test works on a copy.
type factory struct{ dir string }

var made factory

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tpm-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made.dir = dir
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ca, err := swtpm.NewAuthority(made.path("ca"))
	for _, name := range []string{"first", "second"} {
		if err == nil {
			err = ca.Make(ctx, made.path(name))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func (f factory) path(name string) string { return filepath.Join(f.dir, name) }

// start runs a copy of one of the TPMs.
func start(t *testing.T, name string) *swtpm.Simulator {
	t.Helper()
	dir := t.TempDir()
	if err := swtpm.Clone(made.path(name), dir); err != nil {
		t.Fatal(err)
	}
	s, err := swtpm.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial connects until the test ends or hang-up is called.
func dial(t *testing.T, s *swtpm.Simulator) transport.TPMCloser {
	t.Helper()
	c, err := tpm.Dial(t.Context(), s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
