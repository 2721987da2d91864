package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// summarize tells in a few lines what happened and where the report lies.
func (w *world) summarize(out io.Writer, path string, took time.Duration) {
	r := &w.report
	printf(out, "\n%s\n", strings.Repeat("─", 78))
	if s := r.Sale; s.Order != "" {
		printf(out, "sold      %d uses of %q under two partners' signatures\n", s.Uses, recipeTitle)
		printf(out, "paid      %d sat = ", s.Price)
		var parts []string
		for _, p := range w.payees() {
			parts = append(parts, fmt.Sprintf("%d %s", s.Accruals[p.id], p.name))
		}
		printf(out, "%s\n", strings.Join(parts, " + "))
		printf(out, "used      %d of %d, offline, counted by the TPM\n", s.Used, s.Uses)
	}
	refused := 0
	for _, f := range r.Refusals {
		if f.Refused && f.Code == f.Expected {
			refused++
		}
	}
	printf(out, "refused   %d of %d attacks, each by the check that should\n", refused, len(r.Refusals))
	printf(out, "ledger    %d blocks, %d transactions\n", r.Ledger.Height, r.Ledger.Transactions)
	var steps []string
	for _, s := range r.Steps {
		mark := ""
		if !s.OK {
			mark = " FAILED"
		}
		steps = append(steps, fmt.Sprintf("%s %.1f s%s", s.Name, s.Seconds, mark))
	}
	printf(out, "steps     %s\n", strings.Join(steps, " · "))
	verdict := "good"
	if !r.OK {
		verdict = "NOT good"
	}
	printf(out, "in all    %.1f s, %s; report in %s\n", took.Seconds(), verdict, path)
}

// printf prints for people; a reader who hung up ends nothing.
func printf(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }

type payee struct{ id, name string }

func (w *world) payees() []payee {
	return []payee{
		{w.Party("operator", "governor"), "commission"},
		{w.Party("licensors", "licensor1"), "first contributor"},
		{w.Party("licensors", "licensor2"), "second contributor"},
	}
}
