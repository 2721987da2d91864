// Bench measures Guildmark against floors that are measured beside it, in the same run: a ratio holds on a busy
// machine where seconds do not. tests/bench/README.md has the goals and says how they are measured.
//
// A row that was not measured is absent from the report and named below the table. A goal that was missed is
// printed as missed, and the exit code stays 0.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run.
type bench struct {
	root, bin, tools, dir string
	pairs                 int
	progress              *progress
	net                   *network // nil until a row needs it
}

// task measures one goal of the table, with what may not grow about it.
type task struct {
	id  RowID
	run func(context.Context, *bench) ([]Row, error)
}

// tasks are in the order in which they run: what needs no network first, on a machine that is still quiet.
func tasks() []task {
	return []task{
		{"9", verifyWarm},
		{"10", verifyCold},
		{"11", decrypt},
		{"14", headers},
		{"15", proofs},
		{"24", metering},
		{"27", bringUp},
		{"1", purchases},
		{"2", records},
		{"3", latencies},
		{"4", hotDataset},
		{"5", queries},
		{"7", signing},
	}
}

// never are the rows that this program doesn't know how to measure, with the reason.
func never() []string {
	return []string{
		"1 from a prepaid account and its growth (accounts are not built)",
		"2-4 growth (more state than ten minutes make)", "6 (payouts and folding are not built)",
		"8 (reads and writes of a call are counted in tests)", "10 growth", "11 growth to 1.6 GiB", "12", "13",
		"14 growth to 1 M", "15 growth", "16", "17", "18", "19", "20", "21",
		"22 (no text search)", "23", "25", "26",
	}
}

func main() {
	os.Exit(run())
}

func run() int {
	var (
		root = flag.String("root", ".",
			"the project's folder; programs are taken from build/bin and build/tools below it")
		out   = flag.String("out", "build/bench/report.json", "where the report goes")
		rows  = flag.String("rows", "", "measure only these rows, by number: 9,10,14")
		pairs = flag.Int("pairs", 7, "pairs of floor and product for each row, at least 7")
	)
	flag.Usage = func() {
		printf(flag.CommandLine.Output(),
			"bench measures the product against floors of the same run.\n\nusage: bench [flags]\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	chosen, err := choose(*rows)
	if err == nil && *pairs < 7 {
		err = fmt.Errorf("--pairs %d: fewer than 7 say nothing", *pairs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	b, err := newBench(*root, *pairs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 2
	}
	report := b.measure(ctx, chosen)
	if err := b.close(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: stop the network:", err)
	}
	report.print(os.Stdout)
	if err := report.write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	fmt.Printf("\n%s; load %s; %.0f s; raw pairs in %s\n", report.Machine, loadAverage(), report.Seconds, *out)
	if len(report.Failed) > 0 {
		return 1
	}
	return 0
}

func newBench(root string, pairs int) (*bench, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(abs, "go.mod")); err != nil {
		return nil, fmt.Errorf("--root is not the project's folder: %w", err)
	}
	return &bench{
		root: abs, bin: filepath.Join(abs, "build/bin"), tools: filepath.Join(abs, "build/tools"),
		dir:   filepath.Join(abs, "build/bench"),
		pairs: pairs, progress: &progress{out: os.Stderr, began: time.Now()},
	}, nil
}

// choose finds the tasks that a list of row numbers means; none means all.
func choose(list string) ([]task, error) {
	all := tasks()
	if list == "" {
		return all, nil
	}
	var chosen []task
	for id := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(t task) bool { return string(t.id) == strings.TrimSpace(id) })
		if i < 0 {
			return nil, fmt.Errorf("--rows: no row %q", id)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// measure runs the tasks; one that fails is named in the report and doesn't stop the others.
func (b *bench) measure(ctx context.Context, chosen []task) *Report {
	r := &Report{Rows: []Row{}, Failed: []string{}, NotRun: []string{}, Machine: host(), Versions: b.versions(ctx)}
	for _, t := range tasks() {
		if !slices.ContainsFunc(chosen, func(c task) bool { return c.id == t.id }) {
			r.NotRun = append(r.NotRun, string(t.id)+" (not asked for)")
		}
	}
	r.NotRun = append(r.NotRun, never()...)
	for _, t := range chosen {
		if ctx.Err() != nil {
			r.NotRun = append(r.NotRun, string(t.id)+" (interrupted)")
			continue
		}
		rows, err := t.run(ctx, b)
		r.Rows = append(r.Rows, rows...)
		if err != nil {
			r.Rows = slices.DeleteFunc(r.Rows, func(row Row) bool { return len(row.Raw) == 0 || row.Load == "" })
			r.Failed = append(r.Failed, fmt.Sprintf("row %s: %v", t.id, err))
			b.progress.say("row %s FAILED: %v", t.id, err)
		}
	}
	r.Seconds = time.Since(b.progress.began).Seconds()
	return r
}

// close stops the network if one was started.
func (b *bench) close() error {
	if b.net == nil {
		return nil
	}
	b.progress.say("stopping the network")
	return b.net.close()
}
