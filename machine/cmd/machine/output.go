package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/device/drivers"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/runtime"
)

// result is what a command prints: itself as JSON, or its text.
type result interface{ text() string }

func (t *task) show(v any) {
	if t.output == "json" {
		t.line(v)
		return
	}
	if r, ok := v.(result); ok {
		_, _ = fmt.Fprint(t.out, r.text())
	}
}

// report prints what happens on the way.
func (t *task) report(p agent.Progress) {
	if t.output == "json" {
		t.line(p)
		return
	}
	if p.Runtime == nil {
		_, _ = fmt.Fprintf(t.out, "%-10s %s\n", p.Step, p.Detail)
		return
	}
	if line := tell(*p.Runtime); line != "" {
		_, _ = fmt.Fprintln(t.out, line)
	}
}

// tell is a runtime's event for a person; "" for what says nothing new.
func tell(e runtime.Event) string {
	switch e.Kind {
	case runtime.Locked:
		return fmt.Sprintf("runtime    process %d: memory locked, no dumps, no network", e.PID)
	case runtime.Verified:
		return "runtime    the signed license holds"
	case runtime.Burnt:
		return "runtime    the TPM counted one use"
	case runtime.Device:
		return drivers.Text(e.Profile, e.Device)
	case runtime.Package:
		return fmt.Sprintf("runtime    package %d opened", e.Package)
	case runtime.Opened, runtime.State, runtime.Done, runtime.Refused:
	}
	return ""
}

type enrolled struct {
	Machine    string   `json:"machine"`
	Owner      string   `json:"owner"`
	Assurance  string   `json:"assurance"`
	Bundle     int64    `json:"bundle"`
	Custodians []string `json:"custodians"`
}

func (e enrolled) text() string {
	return fmt.Sprintf("enrolled   machine %s\n           owner %s, assurance %s, activated by %s\n", e.Machine, e.Owner, e.Assurance, strings.Join(e.Custodians, ", "))
}

type bought struct {
	License string `json:"license"`
	Title   string `json:"title"`
	Order   string `json:"order"`
	Uses    int64  `json:"uses"`
}

func (b bought) text() string {
	return fmt.Sprintf("bought     %s, %d uses\n           license %s\n", b.Title, b.Uses, b.License)
}

type holdings struct {
	Licenses []holding.Status `json:"licenses"`
}

func (h holdings) text() string {
	if len(h.Licenses) == 0 {
		return "no licenses yet: machine buy --offer ID\n"
	}
	var b strings.Builder
	for _, l := range h.Licenses {
		state := fmt.Sprintf("%d of %d used", l.Count, l.Limit)
		if !l.Ready && !l.Spent {
			state = "not finished: run `machine sync`"
		}
		fmt.Fprintf(&b, "%s  %-24s %s", l.License[:16], l.Title, state)
		if l.Waiting > 0 {
			fmt.Fprintf(&b, ", %d receipts to deliver", l.Waiting)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

type made struct{ agent.Used }

func (m made) text() string {
	return fmt.Sprintf("made       use %d of %d; the receipt waits for `machine sync`\n", m.Count, m.Limit)
}

type synced struct{ agent.Synced }

func (s synced) text() string {
	return fmt.Sprintf("synced     %d purchases finished, %d receipts delivered, %d licenses renewed\n", len(s.Finished), s.Delivered, len(s.Renewed))
}

type verdict struct{ agent.Verdict }

func (v verdict) text() string {
	until := "for ever"
	if v.Lease != 0 {
		until = "until " + time.Unix(v.Lease, 0).UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("good       %s %s\n           signed at %s, good %s\n", v.Function, v.Subject, time.Unix(v.Clock, 0).UTC().Format(time.RFC3339), until)
}

type diagnosis struct {
	Checks []agent.Check `json:"checks"`
}

func (d diagnosis) text() string {
	var b strings.Builder
	for _, c := range d.Checks {
		mark := "ok  "
		if !c.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %-22s %s\n", mark, c.Name, c.Detail)
		if !c.OK {
			fmt.Fprintf(&b, "      %-22s to do: %s\n", "", c.Todo)
		}
	}
	return b.String()
}
