package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/agent"
)

// errDoctor says that a check failed; the list tells which.
var errDoctor = ledger.Refuse(ledger.Unavailable, "machine.doctor", "a check failed: see what to do above")

// maxFile bounds a signed file, bytes.
const maxFile = 1 << 20

func enroll(ctx context.Context, t *task) (any, error) {
	code := ""
	if t.code != "" {
		text, err := readSecret(t.code)
		if err != nil {
			return nil, err
		}
		code = strings.TrimSpace(string(text))
	}
	e, err := t.agent.Enroll(ctx, code)
	if err != nil {
		return nil, err
	}
	return enrolled{Machine: e.Machine.ID, Owner: e.Machine.Owner, Assurance: e.Machine.Assurance, Bundle: e.Bundle, Custodians: e.Custodians}, nil
}

// readSecret reads a file that only its owner may read.
func readSecret(path string) ([]byte, error) {
	b, err := host.ReadPrivate(path)
	if err != nil {
		return nil, agent.ErrConfig.With(err.Error())
	}
	return b, nil
}

func buy(ctx context.Context, t *task) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	h, err := t.agent.Buy(ctx, t.offer, ledger.Satoshi(t.atMost))
	if err != nil {
		return nil, err
	}
	return bought{License: h.License.ID, Title: h.Title, Order: h.License.Order, Uses: h.License.Model.Uses}, nil
}

func licenses(ctx context.Context, t *task) (any, error) {
	all, err := t.agent.Status(ctx)
	if err != nil {
		return nil, err
	}
	return holdings{all}, nil
}

// use makes the product count times; the first refusal ends it.
func use(ctx context.Context, t *task) (any, error) {
	for range t.count {
		used, err := t.agent.Use(ctx, t.license)
		if used.Count > 0 {
			t.show(made{used})
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func synchronize(ctx context.Context, t *task) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	s, err := t.agent.Sync(ctx)
	return synced{s}, err
}

func verify(ctx context.Context, t *task) (any, error) {
	name := t.flags.Arg(0)
	info, err := os.Stat(name) //nolint:gosec // G703: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	if info.Size() > maxFile {
		return nil, ledger.ErrTooLarge.With(name)
	}
	file, err := os.ReadFile(name) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	v, err := t.agent.Verify(ctx, file)
	if err != nil {
		return nil, err
	}
	return verdict{v}, nil
}

func doctor(ctx context.Context, t *task) (any, error) {
	checks := append(t.agent.Doctor(ctx), t.purse.check(ctx))
	for _, c := range checks {
		if !c.OK {
			return diagnosis{checks}, errDoctor
		}
	}
	return diagnosis{checks}, nil
}
