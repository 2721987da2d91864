package beverage

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const spritz = `{"format":"beverage/1","title":"T","description":"","ingredients":["a","b"],"steps":2,"volume":130000}
{"step":1,"components":[{"ingredient":"a","ul":100000},{"ingredient":"b","ul":20000}],"timing":1,"sleep":500}
{"step":2,"components":[{"ingredient":"b","ul":10000}],"timing":0,"sleep":0}
`

func TestRefusals(t *testing.T) {
	tests := []struct{ name, old, new string }{
		{"other format", "beverage/1", "beverage/2"},
		{"no title", `"title":"T"`, `"title":""`},
		{"no description", `"description":"",`, ``},
		{"no ingredients", `["a","b"]`, `[]`},
		{"ingredient twice in the header", `["a","b"]`, `["a","a"]`},
		{"ingredient in capitals", `["a","b"]`, `["a","B"]`},
		{"no steps", `"steps":2`, `"steps":0`},
		{"a step too few", `"steps":2`, `"steps":3`},
		{"a step too many", `"steps":2`, `"steps":1`},
		{"volume too small", `"volume":130000`, `"volume":129999`},
		{"volume too large", `"volume":130000`, `"volume":130001`},
		{"step number", `"step":2`, `"step":3`},
		{"timing 4", `"timing":0`, `"timing":4`},
		{"timing missing", `"timing":0,`, ``},
		{"sleep missing", `,"sleep":0}`, `}`},
		{"sleep negative", `"sleep":500`, `"sleep":-1`},
		{"amount zero", `"ul":10000`, `"ul":0`},
		{"amount a float", `"ul":10000`, `"ul":10000.0`},
		{"foreign ingredient", `{"ingredient":"b","ul":10000}`, `{"ingredient":"c","ul":10000}`},
		{"duplicate key", `"step":2`, `"step":2,"step":2`},
		{"unknown key", `"step":2`, `"step":2,"speed":1`},
		{"blank line", "\n{\"step\":2", "\n\n{\"step\":2"},
		{"line too long", `"title":"T"`, `"title":"` + strings.Repeat("T", 5000) + `"`},
		{"no last line feed", "\"sleep\":0}\n", "\"sleep\":0}"},
		{"no UTF-8", `"title":"T"`, "\"title\":\"\xff\""},
	}
	if err := Check(strings.NewReader(spritz)); err != nil {
		t.Fatalf("the good recipe: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(spritz, tt.old, tt.new, 1)
			if bad == spritz {
				t.Fatal("the change changes nothing")
			}
			if _, ok := errors.AsType[*FormatError](Check(strings.NewReader(bad))); !ok {
				t.Error("accepted")
			}
		})
	}
}

// A machine reports Error to whoever owns the machine, so nothing of the recipe may stand in it.
func TestErrorHidesTheRecipe(t *testing.T) {
	bad := strings.Replace(spritz, `{"ingredient":"b","ul":10000}`, `{"ingredient":"secret-syrup","ul":10000}`, 1)
	err, ok := errors.AsType[*FormatError](Check(strings.NewReader(bad)))
	if !ok {
		t.Fatal("accepted")
	}
	if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Detail(), "secret-syrup") || err.Line != 3 {
		t.Errorf("error %q, detail %q, line %d; want the ingredient of line 3 in the detail only", err,
			err.Detail(), err.Line)
	}
}

func fixtures(tb testing.TB) map[string][]byte {
	tb.Helper()
	files, err := filepath.Glob("../../../fixtures/beverage/*.jsonl")
	if err != nil || len(files) < 8 {
		tb.Fatalf("fixtures/beverage: %d files, %v", len(files), err)
	}
	all := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		all[filepath.Base(file)] = b
	}
	return all
}

func TestFixtures(t *testing.T) {
	for name, content := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			err := Check(bytes.NewReader(content))
			_, refused := errors.AsType[*FormatError](err)
			if busted := strings.HasPrefix(name, "busted_"); busted != refused || (!busted && err != nil) {
				t.Errorf("busted %v, got %v", busted, err)
			}
		})
	}
}

func compile(tb testing.TB) (head, line *jsonschema.Schema) {
	tb.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		tb.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	const id = "guildmark:profile/" + Profile
	if err := c.AddResource(id, doc); err != nil {
		tb.Fatal(err)
	}
	if head, err = c.Compile(id + "#/$defs/header"); err != nil {
		tb.Fatal(err)
	}
	if line, err = c.Compile(id + "#/$defs/line"); err != nil {
		tb.Fatal(err)
	}
	return head, line
}

// valid says what the schema thinks of each line; what no schema can say (numbers of steps, sums) is left out.
func valid(head, line *jsonschema.Schema, content []byte) bool {
	schema := head
	for text := range bytes.Lines(content) {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil || schema.Validate(doc) != nil {
			return false
		}
		schema = line
	}
	return true
}

// The schema is what editors in other languages check by: it must not refuse what the reader takes.
func TestSchemaTakesWhatTheReaderTakes(t *testing.T) {
	head, line := compile(t)
	for name, content := range fixtures(t) {
		if Check(bytes.NewReader(content)) == nil && !valid(head, line, content) {
			t.Errorf("%s: the reader takes it, the schema doesn't", name)
		}
	}
	for _, tt := range []struct{ name, old, new string }{ // and these it refuses by itself
		{"other format", "beverage/1", "beverage/2"},
		{"ingredient in capitals", `["a","b"]`, `["a","B"]`},
		{"unknown key", `"step":2`, `"step":2,"speed":1`},
		{"timing 4", `"timing":0`, `"timing":4`},
	} {
		if valid(head, line, []byte(strings.Replace(spritz, tt.old, tt.new, 1))) {
			t.Errorf("%s: the schema takes it", tt.name)
		}
	}
}

func FuzzRecipe(f *testing.F) {
	head, line := compile(f)
	f.Add([]byte(spritz))
	for _, b := range fixtures(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Open(bytes.NewReader(b))
		var sum Microliter
		for err == nil {
			var step Step
			step, err = r.Next()
			for _, c := range step.Components {
				sum += c.Amount
			}
		}
		if !errors.Is(err, io.EOF) {
			if _, ok := errors.AsType[*FormatError](err); !ok {
				t.Fatalf("error of another class: %v", err)
			}
			return
		}
		if sum != r.Volume() {
			t.Errorf("accepted a recipe of %d with the header %d", sum, r.Volume())
		}
		if !valid(head, line, b) {
			t.Error("the reader takes it, the schema doesn't")
		}
	})
}
