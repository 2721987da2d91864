package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// RowID is the number of a row of the table of goals; growth goals and second floors have a word behind it
// ("9x1000").
type RowID string

// MarshalJSON writes plain numbers as numbers.
func (id RowID) MarshalJSON() ([]byte, error) {
	if n, err := strconv.Atoi(string(id)); err == nil {
		return json.Marshal(n)
	}
	return json.Marshal(string(id))
}

// Row is one measured goal.
type Row struct {
	ID      RowID       `json:"id"`
	Name    string      `json:"name"`
	Unit    string      `json:"unit"`
	Floor   float64     `json:"floor"`
	Product float64     `json:"product"`
	Ratio   float64     `json:"ratio"` // product / floor
	Goal    string      `json:"goal"`
	Met     bool        `json:"met"` // the goal of the ratio and every condition
	Pairs   int         `json:"pairs"`
	Load    string      `json:"load"` // load average over 1, 5, 15 minutes when the row was done
	By      string      `json:"by"`   // how the pairs became one number
	Raw     []Pair      `json:"raw"`
	Also    []Condition `json:"also,omitempty"`
	Notes   []string    `json:"notes,omitempty"`
}

// Pair is one floor and one product, measured one right after the other.
type Pair struct {
	Floor   float64 `json:"floor"`
	Product float64 `json:"product"`
}

// Condition is what else must hold: counts, which noise can't change.
type Condition struct {
	What string  `json:"what"`
	Goal string  `json:"goal"`
	Got  float64 `json:"got"`
	Met  bool    `json:"met"`
}

func condition(what, goal string, got float64) Condition {
	return Condition{What: what, Goal: goal, Got: got, Met: reaches(got, goal)}
}

// reaches judges a number by a goal like ">=0.80", "<=1.25" or "=0"; "measured" asks for nothing but a number.
func reaches(got float64, goal string) bool {
	if math.IsNaN(got) || math.IsInf(got, 0) {
		return false
	}
	if goal == "measured" {
		return got > 0
	}
	for _, sign := range []string{">=", "<=", "="} {
		text, ok := strings.CutPrefix(goal, sign)
		if !ok {
			continue
		}
		bound, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil:
			return false
		case sign == ">=":
			return got >= bound
		case sign == "<=":
			return got <= bound
		default:
			return got == bound
		}
	}
	return false
}

// judge computes ratio and verdict from floor, product, goal and conditions.
func (r *Row) judge() {
	if r.Floor > 0 {
		r.Ratio = r.Product / r.Floor
	}
	got := r.Ratio
	if r.Goal == "measured" {
		got = r.Product
	}
	r.Met = reaches(got, r.Goal) && !slices.ContainsFunc(r.Also, func(c Condition) bool { return !c.Met })
}

// Report is build/bench/report.json.
type Report struct {
	Rows     []Row             `json:"rows"`
	NotRun   []string          `json:"notRun"` // for people; such rows are absent above
	Failed   []string          `json:"failed"` // rows that could not be measured to their end, with the reason
	Machine  string            `json:"machine"`
	Versions map[string]string `json:"versions"`
	Seconds  float64           `json:"seconds"`
}

// write puts the report in place in one step.
func (r *Report) write(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	next := path + ".next"
	if err := os.WriteFile(next, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return os.Rename(next, path)
}

// print writes the one table.
func (r *Report) print(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printf(t, "\nrow\twhat\tgoal\tfloor\tproduct\tratio\tmet\n")
	for _, row := range r.Rows {
		ratio := fmt.Sprintf("%.3f", row.Ratio)
		if row.Floor == 0 {
			ratio = "-"
		}
		printf(t, "%s\t%s\t%s\t%s %s\t%s %s\t%s\t%v\n", row.ID, row.Name, row.Goal, number(row.Floor), row.Unit,
			number(row.Product), row.Unit, ratio, row.Met)
		for _, c := range row.Also {
			printf(t, "\t  %s\t%s\t\t%s\t\t%v\n", c.What, c.Goal, number(c.Got), c.Met)
		}
	}
	_ = t.Flush() // the terminal
	for _, row := range r.Rows {
		for _, note := range row.Notes {
			printf(out, "row %s: %s\n", row.ID, note)
		}
	}
	for _, f := range r.Failed {
		printf(out, "FAILED: %v\n", f)
	}
	printf(out, "\nNot run: %s\n", strings.Join(r.NotRun, "; "))
}

// printf prints for people; a reader who hung up ends nothing.
func printf(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }

// number prints four significant digits.
func number(x float64) string {
	switch {
	case x == 0:
		return "0"
	case math.Abs(x) >= 1000 || x == math.Trunc(x):
		return strconv.FormatFloat(x, 'f', 0, 64)
	default:
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
}
