package mixer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func drain(in io.Reader) error {
	r, err := Open(in)
	for err == nil {
		_, err = r.Next()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func TestRecipeRefusals(t *testing.T) {
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
	}
	if err := drain(strings.NewReader(spritz)); err != nil {
		t.Fatalf("the good recipe: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(spritz, tt.old, tt.new, 1)
			if bad == spritz {
				t.Fatal("the change changes nothing")
			}
			if err := drain(strings.NewReader(bad)); !errors.Is(err, ErrRecipe) {
				t.Errorf("got %v, want %v", err, ErrRecipe)
			}
		})
	}
}

func FuzzRecipe(f *testing.F) {
	f.Add([]byte(spritz))
	files, err := filepath.Glob("../../../fixtures/beverage/*.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Open(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		var sum Microliter
		for {
			step, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return
			}
			for _, c := range step.Components {
				sum += c.Amount
			}
		}
		if sum != r.Volume() {
			t.Errorf("accepted a recipe of %d with the header %d", sum, r.Volume())
		}
	})
}
