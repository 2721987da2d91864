package main

import (
	"context"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// bundleResult tells which trust bundle was written.
type bundleResult struct {
	File     string   `json:"file"`
	ID       string   `json:"id"`
	Sequence int64    `json:"sequence"`
	Signers  []string `json:"signers"`
}

// Text shows the whole id: a person compares it.
func (b bundleResult) Text() string {
	return fmt.Sprintf("%s: trust bundle %d of the consortium, id\n%s\n"+
		"Ask two partners, over another way, whether this is their bundle's id before you trust it.", b.File,
		b.Sequence, b.ID)
}

type bundleFlags struct {
	access

	out string
}

func bundleCommand() *command.Command {
	var b bundleFlags
	return &command.Command{
		Name: "bundle", Short: "writes the consortium's newest trust bundle to a file and shows its id.",
		Guide: "One peer gives it, and nothing else vouches for it: compare its id over another way before " +
			"you seal for it.",
		Example: "guildmark bundle --identity build/net/licensors/identities/licensor1 --out build/bundle.json",
		Flags: func(f *command.Flags) {
			b.ledgerFlags(f)
			f.StringVar(&b.out, "out", "bundle.json", "`FILE` where to write it")
		},
		Run: func(ctx context.Context, _ *command.Call) (command.Result, error) { return b.fetch(ctx) },
	}
}

func (b *bundleFlags) fetch(ctx context.Context) (command.Result, error) {
	c, err := client.Open(b.connection, b.identity, client.Config{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // the process ends
	doc, err := c.Evaluate(ctx, "governance:Bundle", "")
	if err != nil {
		return nil, err
	}
	var s consortium.SignedBundle
	if err := ledger.Decode(doc, &s); err != nil {
		return nil, err
	}
	raw, err := ledger.Base64(s.Bundle)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	parsed, err := signed.ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(b.out, raw, 0o600); err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	r := bundleResult{File: b.out, ID: parsed.ID(), Sequence: parsed.Sequence, Signers: []string{}}
	for _, by := range s.Signatures {
		r.Signers = append(r.Signers, by.MSP)
	}
	return r, nil
}
