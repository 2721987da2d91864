package tree

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/problem"
)

var update = flag.Bool("update", false, "write chaincode/docs/refusals.md anew; codes that vanished are "+
	"still an error")

// The comment above each refusal's variable says when it happens and what the caller does. Most begin with
// "ErrX means that"; a reader of the page looks for the code, not for the variable.
var (
	means = regexp.MustCompile(`^[Ee]rr\w* means that `)
	named = regexp.MustCompile(`^[Ee]rr\w* (\w)`)
)

// explanation is the comment as the page prints it.
func (r refusal) explanation() string {
	text := means.ReplaceAllString(r.explained, "Happens when ")
	return named.ReplaceAllStringFunc(text, func(s string) string { return strings.ToUpper(s[len(s)-1:]) })
}

const refusalsPage = root + "/chaincode/docs/refusals.md"

// refusal is one call of ledger.Refuse in the sources.
type refusal struct {
	code, kind, sentence string
	explained            string // the comment at the variable: when it happens, what to do
	variable             string
	dir                  string
}

// carriers are the places that pass on a refusal whose code comes from elsewhere, instead of declaring one.
var carriers = []string{
	"chaincode/problem/problem.go", // from a problem document
	"machine/market/problem.go",    // oauth.<error code of RFC 6749>
	"machine/meter/use.go",         // the TPM's refusal, in words of the meter
	"machine/tpm/refused.go",       // tpm.<name of the response code>
}

// refusals reads every declaration of a refusal, and fails on one that is not spelled out where it stands.
func refusals(t *testing.T) []refusal {
	t.Helper()
	var found []refusal
	for dir, files := range goFiles(t) {
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") || strings.HasPrefix(dir, root+"/tests") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			rel := strings.TrimPrefix(f, root+"/")
			for _, r := range declared(parsed) {
				if r.code == "" {
					if !slices.Contains(carriers, rel) {
						t.Errorf("%s: the code of a refusal must be a literal, so that it can be listed", rel)
					}
					continue
				}
				r.dir = strings.TrimPrefix(dir, root+"/")
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(a, b refusal) int {
		return cmp.Or(strings.Compare(a.dir, b.dir),
			strings.Compare(a.code, b.code))
	})
	return found
}

// declared finds the calls of Refuse in one file; a call without literal arguments has an empty code.
func declared(file *ast.File) []refusal {
	specs := map[*ast.CallExpr]*ast.ValueSpec{}
	var found []refusal
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			for _, s := range n.Specs {
				if v, ok := s.(*ast.ValueSpec); ok && !n.Lparen.IsValid() && v.Doc == nil {
					v.Doc = n.Doc
				}
			}
		case *ast.ValueSpec:
			for _, v := range n.Values {
				if call, ok := v.(*ast.CallExpr); ok {
					specs[call] = n
				}
			}
		case *ast.CallExpr:
			if isRefuse(n.Fun, file.Name.Name) && len(n.Args) == 3 {
				found = append(found, refusalOf(n, specs[n]))
			}
		}
		return true
	})
	return found
}

func isRefuse(f ast.Expr, pkg string) bool {
	switch f := f.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name == "Refuse"
	case *ast.Ident:
		return f.Name == "Refuse" && pkg == "ledger"
	}
	return false
}

func refusalOf(call *ast.CallExpr, spec *ast.ValueSpec) refusal {
	r := refusal{code: literal(call.Args[1]), sentence: literal(call.Args[2])}
	switch k := call.Args[0].(type) {
	case *ast.SelectorExpr:
		r.kind = k.Sel.Name
	case *ast.Ident:
		r.kind = k.Name
	}
	if spec != nil {
		r.variable = spec.Names[0].Name
		r.explained = strings.Join(strings.Fields(spec.Doc.Text()+" "+spec.Comment.Text()), " ")
	}
	return r
}

// literal reads a string that is spelled out, in one or several parts; "" where a part is computed.
func literal(e ast.Expr) string {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		x, y := literal(sum.X), literal(sum.Y)
		if x == "" || y == "" {
			return ""
		}
		return x + y
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}

// kinds explains the closed set, in the order of package ledger.
var kinds = []struct {
	kind          ledger.Kind
	meaning, next string
}{
	{
		ledger.NotFound, "the named thing is not on the ledger",
		"check the name; a fresh write may need a moment (T34)",
	},
	{ledger.Conflict, "it exists already, or its state excludes the step", "read the state, then decide"},
	{ledger.Forbidden, "the caller may not do this", "use the identity that may"},
	{ledger.Expired, "a time limit of the ledger's clock has passed", "start again with a new request"},
	{ledger.Invalid, "the request is wrong and will stay wrong", "correct it"},
	{ledger.Limit, "a cap is reached", "wait, or ask for less"},
	{ledger.Unavailable, "nobody can judge this now", "ask again"},
}

// TestRefusalsOnce: one code, one owner, one meaning; clients and documents go by it for ever.
func TestRefusalsOnce(t *testing.T) {
	first := map[string]refusal{}
	form := regexp.MustCompile(`^[a-z][a-z0-9]*([._][a-z0-9]+)*$`)
	for _, r := range refusals(t) {
		if before, twice := first[r.code]; twice {
			t.Errorf("%s is declared in %s and in %s", r.code, before.dir, r.dir)
		}
		first[r.code] = r
		if !form.MatchString(r.code) {
			t.Errorf("%s: code %q is not lower case with dots and underscores", r.dir, r.code)
		}
		if r.explained == "" {
			t.Errorf("%s: %s wants a comment above %s: when it happens, what the caller does", r.dir, r.code,
				r.variable)
		}
		if r.sentence == "" || strings.HasSuffix(r.sentence, ".") {
			t.Errorf("%s: %s needs a sentence without a full stop, has %q", r.dir, r.code, r.sentence)
		}
	}
}

// TestRefusalsPage: chaincode/docs/refusals.md is what the sources say, and no code ever vanishes from it.
func TestRefusalsPage(t *testing.T) {
	list := refusals(t)
	old, err := os.ReadFile(refusalsPage)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^### `([^`]+)`").FindAllStringSubmatch(string(old), -1) {
		if !slices.ContainsFunc(list, func(r refusal) bool { return r.code == m[1] }) {
			t.Errorf("%s is listed, but no source declares it: a published code stays", m[1])
		}
	}
	page := refusalsText(list)
	if *update {
		if err := os.WriteFile(refusalsPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(old, page) {
		t.Errorf("%s is not what the sources say: run `go test ./tests/tree -update` and read the difference",
			filepath.Clean(refusalsPage))
	}
}

func refusalsText(list []refusal) []byte {
	var b bytes.Buffer
	b.WriteString(`# Refusals

Every refusal that a program of Guildmark can give, by the package that declares it. This page is generated from the
sources by ` + "`go test ./tests/tree -update`" + `; edit the declaration, not the page. **A code never changes its meaning and
never vanishes**; sentences may improve. Programs act on the code, or on the kind:

| kind | HTTP | meaning | what a caller does |
|---|---|---|---|
`)
	for _, k := range kinds {
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", k.kind, problem.Status(k.kind), k.meaning, k.next)
	}
	b.WriteString("\n")
	for i, r := range list {
		if i == 0 || list[i-1].dir != r.dir {
			fmt.Fprintf(&b, "## %s\n\n", r.dir)
		}
		kind := r.kind
		if kind == "" {
			kind = "internal"
		}
		fmt.Fprintf(&b, "### `%s`\n%s", r.code, wrap(kind+": "+r.sentence+".", 110))
		if r.explained != "" {
			b.WriteString(wrap(r.explanation(), 110))
		}
		b.WriteString("\n")
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// wrap breaks text into lines of at most width characters.
func wrap(text string, width int) string {
	var b strings.Builder
	n := 0
	for w := range strings.FieldsSeq(text) {
		switch {
		case n == 0:
		case n+1+len(w) > width:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += len(w)
	}
	return b.String() + "\n"
}
