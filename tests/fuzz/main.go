// Command fuzz runs every fuzz target of the tree for an equal share of the time, then commits to testdata/fuzz
// the few found inputs that reach statements which no committed one reaches. `make fuzz MINUTES=n` starts it.
//
// It does not decide what a failure means: go test writes a failing input into testdata/fuzz itself, and fuzz ends
// with exit status 1. Read run in this file first.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// target is one fuzz function.
type target struct {
	pkg, dir, name string
}

func main() {
	minutes := flag.Float64("minutes", 10, "minutes for all targets together")
	only := flag.String("only", "", "run the targets whose name contains this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, time.Duration(*minutes*float64(time.Minute)), *only); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, total time.Duration, only string) error {
	targets, err := list(ctx, only)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("no fuzz target's name contains %q", only)
	}
	each := max(total/time.Duration(len(targets)), time.Second).Round(time.Second)
	fmt.Printf("%d targets, %s each\n", len(targets), each)
	var failed []string
	for i, t := range targets {
		fmt.Printf("%2d/%d %s %s: ", i+1, len(targets), strings.TrimPrefix(t.dir, "./"), t.name)
		found, err := t.fuzz(ctx, each)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = append(failed, t.name)
			fmt.Printf("FAILED\n%s\n", err)
			continue
		}
		kept, err := t.keep(ctx)
		if err != nil {
			return fmt.Errorf("keep inputs of %s: %w", t.name, err)
		}
		fmt.Printf("%s, %d new inputs kept\n", found, kept)
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d targets failed: %s", len(failed), strings.Join(failed, ", "))
	}
	return nil
}

// list asks go test for the fuzz targets of each package.
func list(ctx context.Context, only string) ([]target, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f",
		`{{range .TestGoFiles}}{{$.ImportPath}} {{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$.ImportPath}} {{$.Dir}}/{{.}}{{"\n"}}{{end}}`,
		"./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var targets []target
	for line := range strings.Lines(string(out)) {
		pkg, file, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for l := range strings.Lines(string(src)) {
			name, ok := strings.CutPrefix(l, "func Fuzz")
			name, _, found := strings.Cut(name, "(")
			if ok && found && strings.Contains("Fuzz"+name, only) {
				targets = append(targets, target{pkg: pkg, dir: filepath.Dir(file), name: "Fuzz" + name})
			}
		}
	}
	return targets, nil
}

// fuzz runs the target. Minimisation of an interesting input is bounded to a few executions: unbounded (60 s each) it
// eats the whole time of a target whose inputs are large.
func (t target) fuzz(ctx context.Context, each time.Duration) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$", "-fuzztime="+each.String(),
		"-fuzzminimizetime=10x", t.pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", errors.New(tail(string(out), 20))
	}
	return summary(string(out)), nil
}

// summary takes executions and new interesting inputs from go test's last progress line.
func summary(out string) string {
	last := ""
	for line := range strings.Lines(out) {
		if strings.Contains(line, "execs: ") {
			last = strings.TrimSpace(line[strings.Index(line, "execs: "):])
		}
	}
	if last == "" {
		return "no execution"
	}
	return last
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
