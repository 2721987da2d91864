package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/guildmark/guildmark/tests/stage"
)

// raiseNetwork starts the four partners and everything above them.
func raiseNetwork(ctx context.Context, w *world) error {
	if err := w.versions(ctx); err != nil {
		return err
	}
	tools := w.Tools
	if w.breakAt == "network" { // a partner without an orderer
		tools = filepath.Join(w.Dir, "tools")
		if err := os.CopyFS(tools, os.DirFS(w.Tools)); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(tools, "orderer")); err != nil {
			return err
		}
	}
	if err := w.Raise(ctx, tools); err != nil {
		return err
	}
	return w.countProcesses(ctx)
}

func (w *world) countProcesses(ctx context.Context) error {
	list, err := w.Control.List(ctx)
	if err != nil {
		return err
	}
	classes := map[string]int{}
	for _, p := range list {
		classes[p.Class]++
	}
	w.Say("%d processes: %d certificate authorities, %d orderers, %d peers, %d chaincodes, %d custodians, %d "+
		"oracles, 1 registrar, 1 gateway",
		len(list), classes["ca"], classes["orderer"], classes["peer"], classes["chaincode"],
		classes["custodian"], classes["oracle"])
	return nil
}

// versions notes what runs.
func (w *world) versions(ctx context.Context) error {
	for program, args := range map[string][]string{
		filepath.Join(w.Tools, "peer"):             {"version"},
		filepath.Join(w.Tools, "fabric-ca-server"): {"version"},
		filepath.Join(w.Tools, "btcd"):             {"--version"},
		"swtpm":                                    {"--version"},
		filepath.Join(w.Bin, "network"):            {"--version"},
	} {
		out, err := exec.CommandContext(ctx, program, args...).CombinedOutput() // #nosec G204: tools of this project
		if err != nil {
			return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, stage.LastLines(string(out), 2))
		}
		w.report.Versions[filepath.Base(program)] = versionLine(string(out))
	}
	return nil
}

// versionLine finds the line that tells the version: some programs print several.
func versionLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, l := range lines {
		if version, ok := strings.CutPrefix(strings.TrimSpace(l), "Version: "); ok {
			return version
		}
	}
	return strings.TrimSpace(lines[0])
}

// followBitcoin lets the oracles bring the chain to the ledger.
func followBitcoin(ctx context.Context, w *world) error {
	if err := w.OpenBitcoin(); err != nil {
		return err
	}
	if w.breakAt == "bitcoin" { // nobody relays
		if err := w.Control.Stop(ctx, "oracle"); err != nil {
			return err
		}
	}
	if _, err := w.Bitcoin.Generate(ctx, stage.Ripe); err != nil {
		return err
	}
	best, err := w.Bitcoin.Best(ctx)
	if err != nil {
		return err
	}
	tip, err := w.AwaitTip(ctx, w.timeout("bitcoin"), int64(best))
	if err != nil {
		return err
	}
	w.Say("the ledger follows to block %d, %s…: headers by the oracles, checked by chaincode", tip.Height,
		tip.Hash[:16])
	return nil
}
