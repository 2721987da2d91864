package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReaches(t *testing.T) {
	tests := []struct {
		name string
		got  float64
		goal string
		want bool
	}{
		{"a speed above", 0.81, ">=0.80", true},
		{"a speed at the bound", 0.80, ">=0.80", true},
		{"a speed below", 0.79, ">=0.80", false},
		{"a time below", 1.2, "<=1.25", true},
		{"a time above", 1.26, "<=1.25", false},
		{"a count", 0, "=0", true},
		{"another count", 1, "=0", false},
		{"something measured", 3.2, "measured", true},
		{"nothing measured", 0, "measured", false},
		{"no number", math.NaN(), "<=1.25", false},
		{"infinite", math.Inf(1), ">=0.80", false},
		{"no goal", 1, "", false},
		{"a goal that is no number", 1, ">=fast", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reaches(tt.got, tt.goal); got != tt.want {
				t.Errorf("reaches(%v, %q) = %v, want %v", tt.got, tt.goal, got, tt.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	raw := []Pair{{100, 90}, {110, 60}, {50, 80}} // medians 100 and 80, best speeds 110 and 90, best times 50 and 60
	tests := []struct {
		name  string
		goal  string
		best  bool
		also  []Condition
		ratio float64
		met   bool
	}{
		{"medians", ">=0.80", false, nil, 0.8, true},
		{"medians missed", ">=0.85", false, nil, 0.8, false},
		{"best speeds", ">=0.80", true, nil, 90.0 / 110, true},
		{"best times", "<=1.25", true, nil, 1.2, true},
		{"a count that doesn't hold", "<=1.25", true, []Condition{condition("MVCC failures", "=0", 1)}, 1.2, false},
		{"a count that holds", "<=1.25", true, []Condition{condition("MVCC failures", "=0", 0)}, 1.2, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			row := Row{Goal: tt.goal, Raw: raw, Also: tt.also}
			row.settle(tt.best)
			row.judge()
			if row.Ratio != tt.ratio || row.Met != tt.met {
				t.Errorf("got ratio %v, met %v; want %v, %v", row.Ratio, row.Met, tt.ratio, tt.met)
			}
		})
	}
}

func TestQuantile(t *testing.T) {
	var x []float64
	for i := range 100 {
		x = append(x, float64(100-i)) // 100 down to 1
	}
	for q, want := range map[float64]float64{0.95: 95, 0.5: 50, 1: 100, 0: 1} {
		if got := quantile(x, q); got != want {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median = %v, want 2.5", got)
	}
}

// The report's shape is what others read: numbers of rows are numbers, growth goals text, the rows that weren't
// run absent.
func TestReport(t *testing.T) {
	r := Report{
		Rows: []Row{{ID: "1", Name: "one"}, {ID: "9x1000", Name: "grown"}}, NotRun: []string{"12"},
		Machine: "m", Versions: map[string]string{},
	}
	path := filepath.Join(t.TempDir(), "deep", "report.json")
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows []map[string]any `json:"rows"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2 || got.Rows[0]["id"] != 1.0 || got.Rows[1]["id"] != "9x1000" {
		t.Errorf("rows = %v", got.Rows)
	}
	for _, key := range []string{
		"id", "name", "unit", "floor", "product", "ratio", "goal", "met", "pairs",
		"load", "raw",
	} {
		if _, ok := got.Rows[0][key]; !ok {
			t.Errorf("a row lacks %q", key)
		}
	}
	var table bytes.Buffer
	r.print(&table)
	if !strings.Contains(table.String(), "Not run: 12") {
		t.Errorf("the table doesn't name what was not run:\n%s", table.String())
	}
}

func TestChoose(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all) != len(tasks()) {
		t.Errorf("all: got %d tasks, %v", len(all), err)
	}
	some, err := choose("14, 9")
	if err != nil || len(some) != 2 || some[0].id != "14" || some[1].id != "9" {
		t.Errorf("some: got %v, %v", some, err)
	}
	if _, err := choose("9,99"); err == nil {
		t.Error("a row that doesn't exist was chosen")
	}
}
