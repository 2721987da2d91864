package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"guildmark/network/node"
	"guildmark/network/partner/bitcoin"
	"guildmark/network/topology"
)

// raiseNetwork starts the four partners and everything above them.
func raiseNetwork(ctx context.Context, w *world) error {
	if err := w.versions(ctx); err != nil {
		return err
	}
	faucet, err := bitcoin.OpenFaucet(filepath.Join(w.dir, "faucet.key"), "regtest")
	if err != nil {
		return err
	}
	w.faucet = faucet
	tools := w.tools
	if w.breakAt == "network" { // a partner without an orderer
		tools = filepath.Join(w.dir, "tools")
		if err := os.CopyFS(tools, os.DirFS(w.tools)); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(tools, "orderer")); err != nil {
			return err
		}
	}
	err = w.show(ctx, "network", "up", "--fresh", "--dir", w.net(), "--tools", tools, "--chaincode", filepath.Join(w.bin, "chaincode"), "--mine-to", faucet.Address())
	if conn, readErr := topology.ReadConnection(w.connectionFile()); readErr == nil {
		w.conn, w.control = conn, node.Dial(conn.ControlSocket)
	}
	if err != nil {
		return err
	}
	if err := w.show(ctx, "network", "services", "--dir", w.net(), "--programs", w.bin); err != nil {
		return err
	}
	return w.countProcesses(ctx)
}

func (w *world) countProcesses(ctx context.Context) error {
	list, err := w.control.List(ctx)
	if err != nil {
		return err
	}
	classes := map[string]int{}
	for _, p := range list {
		classes[p.Class]++
	}
	w.say("%d processes: %d certificate authorities, %d orderers, %d peers, %d chaincodes, %d custodians, %d oracles, 1 registrar, 1 gateway",
		len(list), classes["ca"], classes["orderer"], classes["peer"], classes["chaincode"], classes["custodian"], classes["oracle"])
	return nil
}

// versions notes what runs.
func (w *world) versions(ctx context.Context) error {
	for program, args := range map[string][]string{
		filepath.Join(w.tools, "peer"):             {"version"},
		filepath.Join(w.tools, "fabric-ca-server"): {"version"},
		filepath.Join(w.tools, "btcd"):             {"--version"},
		"swtpm":                                    {"--version"},
		filepath.Join(w.bin, "network"):            {"--version"},
	} {
		out, err := exec.CommandContext(ctx, program, args...).CombinedOutput() // #nosec G204: tools of this project
		if err != nil {
			return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, lastLines(string(out), 2))
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
	at := w.conn.Bitcoin[0]
	n, err := bitcoin.Open(bitcoin.Config{RPC: at.RPC, Certificate: at.Certificate, Credentials: at.Credentials, Network: at.Network})
	if err != nil {
		return err
	}
	w.bitcoin = n
	if w.breakAt == "bitcoin" { // nobody relays
		if err := w.control.Stop(ctx, "oracle"); err != nil {
			return err
		}
	}
	const ripe = 110 // coins may be spent after 100 blocks
	if _, err := n.Generate(ctx, ripe); err != nil {
		return err
	}
	best, err := n.Best(ctx)
	if err != nil {
		return err
	}
	return w.awaitTip(ctx, int64(best))
}

func (w *world) awaitTip(ctx context.Context, height int64) error {
	var tip struct {
		Height int64  `json:"height"`
		Hash   string `json:"hash"`
	}
	err := wait(ctx, patience(w, "bitcoin"), fmt.Sprintf("the ledger to know Bitcoin block %d", height), func() (bool, error) {
		err := w.read(ctx, &tip, "bitcoin:Tip")
		return err == nil && tip.Height >= height, err
	})
	if err != nil {
		return fmt.Errorf("%w (the ledger knows %d)", err, tip.Height)
	}
	w.say("the ledger follows to block %d, %s…: headers by the oracles, checked by chaincode", tip.Height, tip.Hash[:16])
	return nil
}
