package tree

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// longestLine is what two files side by side leave room for. Writers aim at 110.
const longestLine = 120

// quoted is a string literal of one line: a test vector or an address can't be broken.
var quoted = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")

// TestLinesAreShort: code and documents fit beside one another on a screen. A tab counts four. String literals,
// text inside raw strings, reasons of a nolint, tables, listings and addresses stay whole.
func TestLinesAreShort(t *testing.T) {
	for _, files := range goFiles(t) {
		for _, f := range files {
			raw := false
			checkLines(t, f, func(line string) bool {
				inside := raw
				raw = raw != (strings.Count(line, "`")%2 == 1)
				return !inside && !raw && !strings.Contains(line, "//nolint") && width(quoted.ReplaceAllString(line, `""`)) > longestLine
			})
		}
	}
	for f := range documents(t) {
		listing := false
		checkLines(t, f, func(line string) bool {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				listing = !listing
			}
			return !listing && !strings.HasPrefix(strings.TrimSpace(line), "|") && !strings.Contains(line, "://") &&
				width(line) > longestLine
		})
	}
}

func checkLines(t *testing.T, file string, long func(string) bool) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		if long(line) {
			t.Errorf("%s:%d has %d characters, want at most %d", filepath.Clean(file), i+1, width(line), longestLine)
		}
	}
}

func width(line string) int { return utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")) }
