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

// documents lists every Markdown file of the project by path, with its text.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"build", ".git", "node_modules"}, d.Name()) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			b, err := os.ReadFile(path)
			texts[path] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// comments gives the text of each comment of the product's Go files, by file.
func comments(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, files := range goFiles(t) {
		for _, f := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			texts[f] = join(parsed.Comments)
		}
	}
	return texts
}

func join(groups []*ast.CommentGroup) string {
	var b strings.Builder
	for _, g := range groups {
		b.WriteString(g.Text() + "\n")
	}
	return b.String()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// read gives a file of the project as text.
func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRulesHaveTheirText: a reader who meets T15 in a comment finds its text in the repository.
func TestRulesHaveTheirText(t *testing.T) {
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^## (T\d+) `).FindAllStringSubmatch(read(t,
		"chaincode/docs/rules.md"), -1) {
		headings[m[1]] = true
	}
	number := regexp.MustCompile(`\bT\d{1,2}\b`)
	for _, texts := range []map[string]string{documents(t), comments(t)} {
		for path, text := range texts {
			for _, rule := range number.FindAllString(text, -1) {
				if !headings[rule] {
					t.Errorf("%s cites %s, and chaincode/docs/rules.md has no heading for it", path, rule)
				}
			}
		}
	}
}

// TestRulesNameTestsThatExist: "shown by a test" is worth nothing when the test is gone, or is somewhere else.
func TestRulesNameTestsThatExist(t *testing.T) {
	folders := map[string][]string{} // of each test
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for dir, files := range goFiles(t) {
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range function.FindAllStringSubmatch(string(b), -1) {
				folders[m[1]] = append(folders[m[1]], strings.TrimPrefix(dir, root+"/"))
			}
		}
	}
	name := regexp.MustCompile(`\bTest[A-Z]\w+`)
	for path, text := range documents(t) {
		for _, test := range name.FindAllString(text, -1) {
			if len(folders[test]) == 0 {
				t.Errorf("%s names %s: there is no such test", path, test)
			}
		}
	}
	shown := regexp.MustCompile(`(?s)\*\*Tests:\*\*(.*?)\n\n`)
	for _, list := range shown.FindAllStringSubmatch(read(t, "chaincode/docs/rules.md")+"\n\n", -1) {
		for _, m := range regexp.MustCompile("`([^`]+)`([^`]*)").FindAllStringSubmatch(list[1], -1) {
			for _, test := range name.FindAllString(m[2], -1) {
				if !slices.Contains(folders[test], m[1]) {
					t.Errorf("rules.md: %s is in %v, not in %s", test, folders[test], m[1])
				}
			}
		}
	}
}

// TestGlossaryIsSorted: a reader finds a word without searching, and each word once.
func TestGlossaryIsSorted(t *testing.T) {
	last := ""
	for _, m := range regexp.MustCompile(`(?m)^- \*\*(.+?)\*\*: `).FindAllStringSubmatch(read(t,
		"chaincode/docs/glossary.md"), -1) {
		word := strings.ToLower(m[1])
		if word <= last {
			t.Errorf("glossary: %q comes after %q", word, last)
		}
		last = word
	}
}

// TestNamedPathsExist: documents and comments name only files and folders that are in the repository.
func TestNamedPathsExist(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	for path, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if m[1] != "" && !strings.Contains(m[1], "://") && !exists(filepath.Join(filepath.Dir(path), m[1])) {
				t.Errorf("%s links to %s, which does not exist", path, m[1])
			}
		}
		for _, span := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
			checkPath(t, path, span[1])
		}
	}
	named := regexp.MustCompile(`[\w./{},*-]*\w`)
	for path, text := range comments(t) {
		for _, word := range named.FindAllString(text, -1) {
			checkPath(t, path, word)
		}
	}
}

// ours is text that names a path of the project: below a top folder, a document, or a Go file.
var ours = regexp.MustCompile(`^(\./)?((chaincode|gateway|machine|network|fixtures|tests)(/[\w.{},*-]+)+/?|[\w./-]+\.(md|go))$`)

// checkPath demands that text, if it names a path, names one that exists from the root, the naming file's folder or
// the folder above it. {a,b} stands for each, and * for anything.
func checkPath(t *testing.T, in, text string) {
	t.Helper()
	if !ours.MatchString(text) {
		return
	}
	for _, p := range braces(strings.TrimSuffix(strings.TrimSuffix(text, "/..."), ".")) {
		found := false
		for _, dir := range []string{root, filepath.Dir(in), filepath.Dir(filepath.Dir(in))} {
			matches, err := filepath.Glob(filepath.Join(dir, p))
			found = found || err == nil && len(matches) > 0
		}
		if !found {
			t.Errorf("%s names %s, which does not exist", in, p)
		}
	}
}

// braces writes out the first {a,b} of a path, and then the others.
func braces(path string) []string {
	open := strings.IndexByte(path, '{')
	end := strings.IndexByte(path, '}')
	if open < 0 || end < open {
		return []string{path}
	}
	var all []string
	for choice := range strings.SplitSeq(path[open+1:end], ",") {
		all = append(all, braces(path[:open]+choice+path[end+1:])...)
	}
	return all
}
