// Package pages runs the commands that the documents print, as a reader would type them.
//
// Does not judge what the commands print beyond their exit codes: their own stories do. It needs the built programs
// (make tools build); a missing one is a failure that names the command. Read TestPages first.
package pages

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const root = "../.."

// pages are the documents whose commands need the network of `make up`, in the order in which a reader walks them.
func pages() []string {
	return []string{
		"gateway/docs/licensor.md", "machine/docs/owner.md", "chaincode/audit/docs/auditor.md",
		"network/docs/partner.md",
	}
}

// patience bounds one page: enrollment, a payment of two blocks and a use take about 20 s on a quiet machine.
const patience = 4 * time.Minute

// TestPages walks the pages on one network of their own, in a folder that looks like the top of a clone.
func TestPages(t *testing.T) {
	commands := map[string]string{}
	for _, page := range pages() {
		commands[page] = snippets(t, page)
	}
	clone(t)
	run(t, "build/bin/network up --fresh --services --dir build/net")
	t.Cleanup(func() {
		run(t, "build/bin/network down --dir build/net")
	})
	for _, page := range pages() {
		if !t.Run(page, func(t *testing.T) { run(t, commands[page]) }) {
			break // a page builds on the one before it
		}
	}
	t.Run("helps", func(t *testing.T) { run(t, helps(t)) })
}

// TestNoOtherCommands: a document that prints commands is walked by TestPages, or prints only make's, which CI runs.
func TestNoOtherCommands(t *testing.T) {
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"build", ".git", "node_modules"}, d.Name()) {
			return filepath.SkipDir
		}
		page, err := filepath.Rel(root, path)
		if err != nil || !strings.HasSuffix(path, ".md") || slices.Contains(pages(), page) {
			return err
		}
		if commands := snippets(t, page); strings.TrimSpace(commands) != "" {
			t.Errorf("%s prints commands that no test runs:\n%s", page, commands)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// snippets are the commands of a page's sh blocks, without make's.
func snippets(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	var commands strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if !strings.HasPrefix(line, "make ") {
				commands.WriteString(line)
			}
		}
	}
	return commands.String()
}

// clone goes to a new folder with the programs and fixtures of the project, so that the project's own network
// is left alone.
func clone(t *testing.T) {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "build"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"build/bin", "build/tools", "fixtures"} {
		if _, err := os.Stat(filepath.Join(top, name)); err != nil {
			t.Fatalf("%v: run `make tools build` first", err)
		}
		if err := os.Symlink(filepath.Join(top, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// run executes commands in one shell, as a reader's terminal does, and fails with their output when one fails.
func run(t *testing.T, commands string) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, fmt.Errorf("not done after %v", patience))
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second // what was started as a daemon keeps the output open
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%v %v\n%s", err, context.Cause(ctx), out)
	}
}
