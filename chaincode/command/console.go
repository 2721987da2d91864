package command

import (
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// Console is where a program's words go. The zero values of its switches are right for a file or a pipe.
type Console struct {
	Out, Err io.Writer
	Live     bool   // Err is a terminal: a progress line may be written over the one before
	Color    bool   // errors may be colored
	Typed    string // how the person called the program, for examples that run as printed; "" is the program's name
}

// Standard is the console of a process: standard output and error, color on a terminal only and not where NO_COLOR is
// set (https://no-color.org).
func Standard(typed string, env func(string) string) Console {
	live := isatty.IsTerminal(os.Stderr.Fd())
	return Console{
		Out: os.Stdout, Err: os.Stderr, Live: live, Color: live && env("NO_COLOR") == "" &&
			env("TERM") != "dumb", Typed: typed,
	}
}

// Progress tells what is going on, on standard error: in words for people, or with --events as one JSON line a
// step for programs. With --output json alone it is silent.
type Progress struct {
	out    io.Writer // nil: silent
	live   bool
	events bool
	moving bool // the line on the terminal has no end yet
}

func newProgress(c Console, f format, events bool) *Progress {
	if f == jsonFormat && !events {
		return &Progress{}
	}
	return &Progress{out: c.Err, live: c.Live, events: events}
}

// Step writes one line: a short word for the step, and what came of it. In words ids are shortened, in events
// they are whole.
func (p *Progress) Step(step, detail string) {
	event := struct {
		Step   string `json:"step"`
		Detail string `json:"detail"`
	}{step, detail}
	if !p.Event(event) {
		p.Line(fmt.Sprintf("%-10s %s", step, Plain(detail)))
	}
}

// Event writes a value as one JSON line where events are wanted, and reports whether they are.
func (p *Progress) Event(v any) bool {
	if p.events {
		_, _ = fmt.Fprintln(p.out, encode(v)) // whoever stopped listening needs no progress
	}
	return p.events
}

// Line writes one line of words.
func (p *Progress) Line(text string) {
	if p.out == nil || p.events {
		return
	}
	_, _ = fmt.Fprintf(p.out, "%s%s\n", p.clear(), text) // as in Event
	p.moving = false
}

// Moving writes a line that the next one replaces, such as a bar that grows. Files and pipes don't get it.
func (p *Progress) Moving(text string) {
	if p.out == nil || p.events || !p.live {
		return
	}
	_, _ = fmt.Fprintf(p.out, "%s%s", p.clear(), text) // as in Event
	p.moving = true
}

// clear takes the moving line back: carriage return, and "erase to the end of the line" (ECMA-48, EL).
func (p *Progress) clear() string {
	if !p.moving {
		return ""
	}
	return "\r\x1b[K"
}

// end leaves no moving line behind.
func (p *Progress) end() {
	if p.moving {
		_, _ = fmt.Fprint(p.out, p.clear()) // as in Event
		p.moving = false
	}
}
