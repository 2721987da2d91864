package licensor_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/gateway/licensor"
)

const fixtures = "../../fixtures/beverage"

func TestRecipesFitTheirProfile(t *testing.T) {
	p, err := licensor.LoadProfile("beverage/1")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(fixtures, "*.jsonl"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	good := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want error
		if strings.HasPrefix(filepath.Base(file), "busted_") {
			want = licensor.ErrProfile
		} else {
			good++
		}
		if err := p.Check(bytes.NewReader(raw)); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", file, err, want)
		}
	}
	if good < 3 {
		t.Errorf("%d good recipes, want three or more", good)
	}
}

func TestProfileRefuses(t *testing.T) {
	p, err := licensor.LoadProfile("beverage/1")
	if err != nil {
		t.Fatal(err)
	}
	const head = `{"format":"beverage/1","title":"T","description":"","ingredients":["gin"],"steps":1,"volume":1000}` + "\n"
	const step = `{"step":1,"components":[{"ingredient":"gin","ul":1000}],"timing":0,"sleep":0}` + "\n"
	if err := p.Check(strings.NewReader(head + step)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	tests := map[string]string{
		"empty":             "",
		"header only":       head,
		"no header":         step,
		"header twice":      head + head + step,
		"no last line feed": head + strings.TrimSuffix(step, "\n"),
		"blank line":        head + "\n" + step,
		"text":              head + "gin\n",
		"step of 0 ml":      head + strings.Replace(step, "1000", "0", 1),
		"fraction":          head + strings.Replace(step, "1000", "1000.0", 1),
		"unknown key":       head + strings.Replace(step, `"sleep"`, `"x":1,"sleep"`, 1),
		"missing key":       head + strings.Replace(step, `,"sleep":0`, "", 1),
		"ingredient twice": head + strings.Replace(step, `{"ingredient":"gin","ul":1000}`,
			`{"ingredient":"gin","ul":500},{"ingredient":"gin","ul":500}`, 1),
		"step 2 first":        head + strings.Replace(step, `"step":1`, `"step":2`, 1),
		"another format":      strings.Replace(head, "beverage/1", "beverage/2", 1) + step,
		"line of a megabyte":  head + `{"step":1,"x":"` + strings.Repeat("y", 1<<20) + "\"}\n",
		"bytes that are none": head + "\xff\xfe\n",
	}
	for name, text := range tests {
		if err := p.Check(strings.NewReader(text)); !errors.Is(err, licensor.ErrProfile) {
			t.Errorf("%s: error %v, want %v", name, err, licensor.ErrProfile)
		}
	}
	for _, name := range []string{"beverage/2", "", "../../etc/passwd"} {
		if _, err := licensor.LoadProfile(name); !errors.Is(err, licensor.ErrProfile) {
			t.Errorf("profile %q: error %v", name, err)
		}
	}
}

func FuzzProfile(f *testing.F) {
	p, err := licensor.LoadProfile("beverage/1")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"sunrise", "garden-spritz", "busted_volume", "busted_duplicate_key"} {
		raw, err := os.ReadFile(filepath.Join(fixtures, name+".jsonl"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := p.Check(bytes.NewReader(raw)); err != nil && !errors.Is(err, licensor.ErrProfile) {
			t.Fatalf("error of another class: %v", err)
		}
	})
}

// The large recipe is frozen beside the program that made it.
func TestLargeRecipeSpansPackages(t *testing.T) {
	info, err := os.Stat(filepath.Join(fixtures, "marble-cloud.jsonl"))
	if err != nil || info.Size() < 3*64<<10 {
		t.Errorf("%d bytes, %v; want three packages of 64 KiB or more", info.Size(), err)
	}
}
