package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test's own binary plays the command: main runs when the environment says so.
const asCommand = "GUILDMARK_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"auth": main})
}

// TestStories runs the command as a person does; each file in testdata is one story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

func process(ctx context.Context, dir string, args ...string) (said string, exit int) {
	c := exec.CommandContext(ctx, os.Args[0], args...) // #nosec G204 -- this very binary
	c.Env = append(os.Environ(), asCommand+"=1")
	c.Dir = dir
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		return err.Error(), -1
	}
	return string(out), c.ProcessState.ExitCode()
}

// good is a whole configuration; what it names isn't there.
const good = `{"listen":"127.0.0.1:0","issuer":"https://localhost:1","audience":"https://localhost:2","certificate":"a.pem","key":"a.key",
"connection":"connection.json","identity":"reader","signingKeys":"keys.json","used":"used.db"}`

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name, config string
		args         []string
		exit         int
		says         string
	}{
		{"help", "", []string{"--help"}, 0, "gateway.md"},
		{"version", "", []string{"--version"}, 0, "auth "},
		{"nothing", "", nil, 2, "--config is needed"},
		{"no file", "", []string{"--config", "auth.json"}, 1, "no such file"},
		{"unknown key", `{"secret":"x"}`, []string{"--config", "auth.json"}, 1, "document.unknown_key"},
		{"half", `{"issuer":"x"}`, []string{"--config", "auth.json"}, 1, "document.missing_key"},
		{"twice", `{"issuer":"x","issuer":"y"}`, []string{"--config", "auth.json"}, 1, "document.duplicate_key"},
		{"no certificate", good, []string{"--config", "auth.json"}, 1, "a.key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.config != "" {
				if err := os.WriteFile(filepath.Join(dir, "auth.json"), []byte(tt.config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			said, exit := process(t.Context(), dir, tt.args...)
			if exit != tt.exit || !strings.Contains(said, tt.says) {
				t.Fatalf("exit %d, want %d; said %s", exit, tt.exit, said)
			}
		})
	}
}

// TestRotate: the command makes keys, then others, and prints none of them.
func TestRotate(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "auth.json"), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	var before string
	for range 2 {
		said, exit := process(t.Context(), dir, "--config", "auth.json", "--rotate")
		if exit != 0 || said != "" {
			t.Fatalf("exit %d, said %s", exit, said)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "keys.json"))
		if err != nil {
			t.Fatal(err)
		}
		if string(raw) == before {
			t.Fatal("the keys are the same")
		}
		before = string(raw)
	}
	if n := strings.Count(before, `"created"`); n != 2 {
		t.Fatalf("keys: got %d, want 2", n)
	}
}
