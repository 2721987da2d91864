package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// step is one part of the story: its name (as in BREAK=buy and in the report), a sentence for people, and the
// function that does it. A failed function ends the demo.
type step struct {
	name  string
	title string
	run   func(context.Context, *world) error
}

// story lists the steps in order: from no network at all to closed books.
func story() []step {
	return []step{
		{"network", "four partners start a ledger of their own", raiseNetwork},
		{"bitcoin", "two Bitcoin nodes, oracles that relay and attest", followBitcoin},
		{"machine", "a machine shows its TPM to the registrar and to each custodian", enrollMachine},
		{"publish", "a licensor seals a recipe at home and publishes it", publishRecipe},
		{"buy", "the machine orders, checks, pays; the ledger settles and grants", buyLicense},
		{"attackers", "while the network runs, attackers collect what they can", collectLoot},
		{
			"offline", "every process of the partners is killed; the machine makes three drinks without a network",
			produceOffline,
		},
		{"refusals", "eight attacks, each stopped by the check that should stop it", attack},
		{"receipts", "the network returns; the machine delivers what its TPM attests", deliverReceipts},
		{"audit", "an auditor replays blocks and Bitcoin headers to the satoshi", auditBooks},
	}
}

// errBroken fails a step that succeeded although BREAK falsified its precondition.
var errBroken = errors.New("a falsified precondition went unnoticed")

// run does the steps until one fails, and records each in the report.
func run(ctx context.Context, w *world, out io.Writer) {
	steps := story()
	for i, c := range steps {
		printf(out, "\n▸ %d/%d  %-9s %s\n", i+1, len(steps), c.name, c.title)
		start := time.Now()
		err := c.run(ctx, w)
		if err == nil && w.breakAt == c.name {
			err = errBroken
		}
		s := Step{Name: c.name, OK: err == nil, Seconds: seconds(time.Since(start))}
		if err != nil {
			s.Error = err.Error()
			printf(out, "  ✗ %s: %v\n", c.name, err)
		} else {
			printf(out, "  ✓ %.1f s\n", s.Seconds)
		}
		w.report.Steps = append(w.report.Steps, s)
		if err != nil {
			return
		}
	}
}
