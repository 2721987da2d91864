package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/device/drivers"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/runtime"
)

// report prints what happens on the way: as it is for programs, in words for people.
func (t *task) report(p agent.Progress) {
	progress := t.call.Progress
	switch {
	case progress.Event(p):
	case p.Runtime == nil:
		progress.Step(p.Step, p.Detail)
	default:
		line, moving := words(*p.Runtime)
		switch {
		case line == "":
		case moving:
			progress.Moving(line)
		default:
			progress.Line(line)
		}
	}
}

// words is a runtime's event for a person, "" for one that says nothing new; moving is set for a step under
// way, whose next event says more.
func words(e runtime.Event) (line string, moving bool) {
	switch e.Kind {
	case runtime.Locked:
		return fmt.Sprintf("runtime    process %d: memory locked, no dumps, no network", e.PID), false
	case runtime.Verified:
		return "runtime    the signed license holds", false
	case runtime.Burnt:
		return "runtime    the TPM counted one use", false
	case runtime.Device:
		return drivers.Text(e.Profile, e.Device)
	case runtime.Package:
		return fmt.Sprintf("runtime    package %d opened", e.Package), false
	case runtime.Opened, runtime.State, runtime.Done, runtime.Refused:
	}
	return "", false
}

type enrolled struct {
	Machine    string   `json:"machine"`
	Owner      string   `json:"owner"`
	Assurance  string   `json:"assurance"`
	Bundle     int64    `json:"bundle"`
	Custodians []string `json:"custodians"`
}

func (e enrolled) Text() string {
	return fmt.Sprintf("enrolled   machine %s\n           owner %s, assurance %s, activated by %s",
		command.ID(e.Machine), e.Owner, e.Assurance, strings.Join(e.Custodians, ", "))
}

type bought struct {
	License string `json:"license"`
	Title   string `json:"title"`
	Order   string `json:"order"`
	Uses    int64  `json:"uses"`
}

func (b bought) Text() string {
	return fmt.Sprintf("bought     %s, %s\n           license %s", b.Title, command.Count(int(b.Uses), "use"),
		command.ID(b.License))
}

type holdings struct {
	Licenses []holding.Status `json:"licenses"`
}

func (h holdings) Text() string {
	if len(h.Licenses) == 0 {
		return "no licenses yet: machine buy --offer OFFER"
	}
	width := 0
	for _, l := range h.Licenses {
		width = max(width, len([]rune(l.Title)))
	}
	var b strings.Builder
	for _, l := range h.Licenses {
		state := fmt.Sprintf("%s of %s used", command.Number(l.Count), command.Count(int(l.Limit), "use"))
		if !l.Ready && !l.Spent {
			state = "not finished: run `machine sync`"
		}
		fmt.Fprintf(&b, "%-*s  %s  %s", width, l.Title, command.ID(l.License), state)
		if l.Waiting > 0 {
			fmt.Fprintf(&b, ", %s to deliver", command.Count(l.Waiting, "receipt"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// made is the last use of a command, and how many it made.
type made struct {
	agent.Used

	Made int `json:"made"`
}

func (m made) which() string {
	return fmt.Sprintf("use %s of %s", command.Number(m.Count), command.Number(m.Limit))
}

func (m made) Text() string {
	return fmt.Sprintf("made       %s; the receipt waits for `machine sync`", m.which())
}

type synced struct{ agent.Synced }

func (s synced) Text() string {
	return fmt.Sprintf("synced     %s finished, %s delivered, %s renewed",
		command.Count(len(s.Finished), "purchase"), command.Count(s.Delivered, "receipt"),
		command.Count(len(s.Renewed), "license"))
}

type verdict struct{ agent.Verdict }

func (v verdict) Text() string {
	until := "for ever"
	if v.Lease != 0 {
		until = "until " + command.Moment(time.Unix(v.Lease, 0))
	}
	return fmt.Sprintf("good       %s %s\n           signed at %s, good %s", v.Function, v.Subject,
		command.Moment(time.Unix(v.Clock, 0)), until)
}

type accessToken struct {
	Token   string    `json:"token"`
	Scope   string    `json:"scope"`
	Expires time.Time `json:"expires"`
}

func (a accessToken) Text() string { return a.Token }

type diagnosis struct {
	Checks []agent.Check `json:"checks"`
}

func (d diagnosis) Text() string {
	var b strings.Builder
	for _, c := range d.Checks {
		mark := "ok  "
		switch {
		case c.Waits:
			mark = "-   "
		case !c.OK:
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %-22s %s\n", mark, c.Name, command.Plain(c.Detail))
		if c.Todo != "" && !c.OK {
			fmt.Fprintf(&b, "      %-22s to do: %s\n", "", c.Todo)
		}
	}
	return b.String()
}
