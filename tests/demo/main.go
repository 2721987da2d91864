// Demo tells the whole story of Guildmark once, for real: a network of four partners, a sealed recipe sold for
// regtest bitcoin, a machine that makes the drink offline, attacks that are refused, books that an auditor
// replays.
//
// Does not take a program's word: a step reads its result from the ledger, a process list or a machine's
// output, and a step without one fails the demo. Read story.go first: [story] lists the steps, each with the
// function that does it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	os.Exit(demo())
}

func demo() int {
	var (
		root = flag.String("root", ".",
			"the project's folder; binaries are taken from build/bin and build/tools below it")
		dir     = flag.String("dir", "build/demo", "folder for the demo's own state and report.json")
		keep    = flag.Bool("keep", false, "leave the network running and print its addresses")
		breakAt = flag.String("break", "", "falsify one precondition of this step; the demo must fail there")
	)
	flag.Usage = func() {
		printf(flag.CommandLine.Output(), "demo sells a sealed recipe, settles it in Bitcoin and lets a "+
			"machine make the drink offline.\n\nusage: demo [flags]\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	w, err := newWorld(*root, *dir, *breakAt)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 2
	}
	start := time.Now()
	run(ctx, w, os.Stdout)
	if *keep && ctx.Err() == nil {
		w.printAddresses(os.Stdout)
	} else if err := w.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	path := filepath.Join(w.Dir, "report.json")
	if err := w.report.write(path); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		return 1
	}
	w.summarize(os.Stdout, path, time.Since(start))
	if !w.report.OK {
		return 1
	}
	return 0
}
