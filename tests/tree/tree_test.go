// Package tree holds rules about the source tree itself, so that a reader finds every folder as the last one.
//
// It refuses to judge what a linter judges.
package tree

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// goFiles lists the product's own Go files by folder.
func goFiles(t *testing.T) map[string][]string {
	t.Helper()
	dirs := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"build", ".git", "testdata", "node_modules"}, d.Name()) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".gen.go") {
			dirs[filepath.Dir(path)] = append(dirs[filepath.Dir(path)], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// TestOnePackageComment: the first thing a reader meets says what the package is for, exactly once.
func TestOnePackageComment(t *testing.T) {
	for dir, files := range goFiles(t) {
		comments := map[string]int{}
		tests := map[string]bool{}
		for _, f := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			name := parsed.Name.Name
			tests[name] = tests[name] || !strings.HasSuffix(f, "_test.go")
			if isComment(parsed.Doc) {
				comments[name]++
			}
		}
		for name, hasCode := range tests {
			if strings.HasSuffix(name, "_test") || !hasCode {
				continue
			}
			if comments[name] != 1 {
				t.Errorf("%s: package %s has %d package comments, want exactly one", dir, name, comments[name])
			}
		}
	}
}

func isComment(doc *ast.CommentGroup) bool { return doc != nil && strings.TrimSpace(doc.Text()) != "" }

// TestMainsAreShort: a main parses flags, builds, runs and exits; what is longer belongs in a package.
func TestMainsAreShort(t *testing.T) {
	for _, files := range goFiles(t) {
		for _, f := range files {
			if filepath.Base(f) != "main.go" {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), "\n"); n > 200 {
				t.Errorf("%s has %d lines, want at most 200", f, n)
			}
		}
	}
}

// TestFilesAreShort: one noun a file; past 400 lines there is a second one.
func TestFilesAreShort(t *testing.T) {
	for _, files := range goFiles(t) {
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(b), "\n"); n > 400 {
				t.Errorf("%s has %d lines; look for the second noun", f, n)
			}
		}
	}
}

// TestNoSkippedTests: a test that can't run fails; it never passes silently.
func TestNoSkippedTests(t *testing.T) {
	skip := regexp.MustCompile(`\bt\.Skip(f|Now)?\(|\bb\.Skip(f|Now)?\(`)
	for _, files := range goFiles(t) {
		for _, f := range files {
			if strings.HasSuffix(f, "tree_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if skip.Match(b) {
				t.Errorf("%s skips a test", f)
			}
		}
	}
}

// TestForbiddenNames: folders named for nothing collect everything.
func TestForbiddenNames(t *testing.T) {
	forbidden := []string{
		"util", "utils", "common", "types", "helpers", "helper", "manager", "service", "impl",
		"misc",
	}
	for dir := range goFiles(t) {
		if slices.Contains(forbidden, filepath.Base(dir)) {
			t.Errorf("%s: choose a name that says what it holds", dir)
		}
	}
}
