package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// step is one step of the story: a name for machines, a sentence for people, and what it does.
type step struct {
	name  string
	title string
	run   func(context.Context, *world) error
}

// story is the whole way through the system, in order.
func story() []step {
	return []step{
		{"network", "four partners start a ledger of their own", raiseNetwork},
		{"bitcoin", "two Bitcoin nodes, oracles that relay and attest", followBitcoin},
		{"machine", "a machine shows its TPM to the registrar and to each custodian", enrollMachine},
		{"publish", "a licensor seals a recipe at home and publishes it", publishRecipe},
		{"buy", "the machine orders, checks, pays; the ledger settles and grants", buyLicense},
		{"attackers", "while the network runs, attackers collect what they can", collectLoot},
		{"offline", "every process of the partners is killed; the machine makes three drinks without a network", produceOffline},
		{"refusals", "eight attacks, each stopped by the check that should stop it", attack},
		{"receipts", "the network returns; the machine delivers what its TPM attests", deliverReceipts},
		{"audit", "an auditor replays blocks and Bitcoin headers to the satoshi", auditBooks},
	}
}

// errBroken marks a step whose precondition BREAK falsified and which noticed nothing: that is a failure of the demo.
var errBroken = errors.New("a falsified precondition went unnoticed")

// run tells the story until a step fails; what went wrong stands in the report.
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
