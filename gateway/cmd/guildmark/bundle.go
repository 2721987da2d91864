package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// bundleDocument tells which trust bundle was written.
type bundleDocument struct {
	File     string   `json:"file"`
	ID       string   `json:"id"`
	Sequence int64    `json:"sequence"`
	Signers  []string `json:"signers"`
}

// bundle writes the ledger's newest trust bundle to a file. One peer's word is behind it and no more: whoever trusts it
// compares its id over a second way first.
func bundle(ctx context.Context, flags *flag.FlagSet, args []string, o *output) error {
	var w way
	flags.StringVar(&w.connection, "connection", "", "connection.json of the network")
	flags.StringVar(&w.identity, "identity", "", "folder of your identity: cert.pem and key.pem")
	out := flags.String("out", "bundle.json", "file to write")
	if err := parse(flags, args, o); err != nil {
		return err
	}
	if err := need(map[string]string{"connection": w.connection, "identity": w.identity, "out": *out}); err != nil {
		return err
	}
	c, err := client.Open(w.connection, w.identity, client.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // the process ends
	doc, err := c.Evaluate(ctx, "governance:Bundle", "")
	if err != nil {
		return err
	}
	var s consortium.SignedBundle
	if err := ledger.Decode(doc, &s); err != nil {
		return err
	}
	raw, err := ledger.Base64(s.Bundle)
	if err != nil {
		return fmt.Errorf("read the bundle: %w", err)
	}
	b, err := signed.ParseBundle(raw)
	if err != nil {
		return err
	}
	if err := os.WriteFile(*out, raw, 0o600); err != nil { //nolint:gosec // G703: the path is the user's own choice
		return fmt.Errorf("write the bundle: %w", err)
	}
	d := bundleDocument{File: *out, ID: b.ID(), Sequence: b.Sequence, Signers: []string{}}
	for _, by := range s.Signatures {
		d.Signers = append(d.Signers, by.MSP)
	}
	return o.result(d, fmt.Sprintf("%s: bundle %d, id\n%s\nAsk two partners, over another way, whether this is their bundle's id before you trust it.", d.File, d.Sequence, d.ID))
}
