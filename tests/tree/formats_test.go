package tree

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// structs finds every struct type of the chaincode folder with the JSON names of its fields, as "package.Type".
func structs(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for dir, files := range goFiles(t) {
		if !strings.HasPrefix(dir, root+"/chaincode") {
			continue
		}
		for _, f := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				if s, ok := spec.Type.(*ast.StructType); ok {
					found[parsed.Name.Name+"."+spec.Name.Name] = names(s)
				}
				return true
			})
		}
	}
	return found
}

func names(s *ast.StructType) []string {
	var list []string
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		if name != "" {
			list = append(list, name)
		}
	}
	return list
}

// TestDocumentsListEveryField: the order of fields is the canonical form, so a page that differs from the code
// is wrong.
func TestDocumentsListEveryField(t *testing.T) {
	known := structs(t)
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
	for _, section := range regexp.MustCompile(`(?m)^### `).Split(read(t, "chaincode/docs/documents.md"), -1)[1:] {
		m := regexp.MustCompile("Go: `([\\w.]+)`").FindStringSubmatch(section)
		if m == nil {
			t.Errorf("documents.md: a section without its Go type: %.40q", section)
			continue
		}
		want, ok := known[m[1]]
		if !ok {
			t.Errorf("documents.md names %s: there is no such struct under chaincode", m[1])
			continue
		}
		var got []string
		for _, f := range row.FindAllStringSubmatch(section, -1) {
			got = append(got, f[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("documents.md, %s: fields %v, the code has %v", m[1], got, want)
		}
	}
}

// TestEveryFunctionHasAHeading: a caller finds each function in chaincode/docs/ledger.md, and none that is gone.
func TestEveryFunctionHasAHeading(t *testing.T) {
	function := regexp.MustCompile(`"((?:governance|catalogue|machines|orders|bitcoin|licenses|royalties):[A-Z]\w+)"`)
	written := map[string]bool{}
	for dir, files := range goFiles(t) {
		if !strings.HasPrefix(dir, root+"/chaincode/contract") {
			continue
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range function.FindAllStringSubmatch(string(b), -1) {
				written[m[1]] = true
			}
		}
	}
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (\w+:\w+)$`).FindAllStringSubmatch(read(t,
		"chaincode/docs/ledger.md"), -1) {
		headings[m[1]] = true
		if !written[m[1]] {
			t.Errorf("ledger.md describes %s: the contracts have no such function", m[1])
		}
	}
	for name := range written {
		if !headings[name] {
			t.Errorf("ledger.md has no heading for %s", name)
		}
	}
}
