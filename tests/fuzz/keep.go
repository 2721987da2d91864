package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of what is committed for one target and one run: the corpus is for regression, not for completeness.
const (
	maxKept  = 5
	maxBytes = 4096
	maxTried = 60
)

// keep copies found inputs that reach new statements into testdata/fuzz, smallest first.
func (t target) keep(ctx context.Context) (int, error) {
	candidates, err := t.found(ctx)
	if err != nil || len(candidates) == 0 {
		return 0, err
	}
	work, err := os.MkdirTemp("", "fuzz")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	binary := filepath.Join(work, "test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-cover", "-o", binary,
		t.pkg).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build: %w: %s", err, tail(string(out), 5))
	}
	corpus := filepath.Join(t.dir, "testdata", "fuzz", t.name)
	made := os.MkdirAll(corpus, 0o755)
	before, err := t.covered(ctx, binary, work)
	if err = cmp.Or(made, err); err != nil {
		return 0, err
	}
	kept := 0
	for _, c := range candidates[:min(len(candidates), maxTried)] {
		if kept == maxKept {
			break
		}
		name := filepath.Join(corpus, filepath.Base(c))
		if err := copyNew(name, c); err != nil {
			return kept, err
		}
		now, err := t.covered(ctx, binary, work)
		if err == nil && now > before {
			before, kept = now, kept+1
			continue
		}
		if err := cmp.Or(err, os.Remove(name)); err != nil {
			return kept, err
		}
	}
	_ = os.Remove(corpus) // where it is still empty
	return kept, nil
}

// found lists the inputs in go's cache that are not committed yet, smallest first.
func (t target) found(ctx context.Context) ([]string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "fuzz", t.pkg, t.name, "*"))
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(t.dir, "testdata", "fuzz", t.name, filepath.Base(f))); err != nil &&
			info.Size() <= maxBytes {
			sizes[f] = info.Size()
		}
	}
	files = slices.DeleteFunc(files, func(f string) bool { return sizes[f] == 0 })
	slices.SortFunc(files, func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[a], sizes[b]),
			cmp.Compare(a, b))
	})
	return files, nil
}

// covered counts the statement blocks that the committed inputs of the target reach in its package.
func (t target) covered(ctx context.Context, binary, work string) (int, error) {
	profile := filepath.Join(work, "profile")
	cmd := exec.CommandContext(ctx, binary, "-test.run=^"+t.name+"$", "-test.coverprofile="+profile)
	cmd.Dir = t.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, tail(string(out), 10))
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		return 0, err
	}
	n := 0
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(bytes.TrimSpace(line), []byte(" 0")) {
			n++
		}
	}
	return n, nil
}

func copyNew(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}
