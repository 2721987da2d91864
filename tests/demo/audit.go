package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"

	"github.com/guildmark/guildmark/chaincode/audit"
)

// deliverReceipts brings the network back and lets the machine report what its TPM attests.
func deliverReceipts(ctx context.Context, w *world) error {
	back := partnerClasses()
	if w.breakAt == "receipts" { // nobody answers machines
		back = []string{"ca", "orderer", "peer", "chaincode", "heartbeat"}
	}
	if err := w.Control.Start(ctx, back...); err != nil {
		return err
	}
	started, cancel := context.WithTimeout(ctx, w.timeout(""))
	defer cancel()
	if err := w.Control.Await(started, back...); err != nil {
		return err
	}
	w.Say("the network is back")
	var synced struct {
		Delivered int `json:"delivered"`
	}
	if err := w.Drive(ctx, w.machine, &synced, "sync", "--wait", w.timeout("receipts").String()); err != nil {
		return err
	}
	if synced.Delivered != uses {
		return fmt.Errorf("%d receipts were delivered, want %d", synced.Delivered, uses)
	}
	w.Say("%d attested receipts delivered", synced.Delivered)
	return nil
}

// auditBooks copies blocks and headers, replays them, and then falsifies a byte.
func auditBooks(ctx context.Context, w *world) error {
	blocks, headers := filepath.Join(w.Dir, "audit", "blocks"), filepath.Join(w.Dir, "audit", "headers.json")
	if err := w.Show(ctx, "audit", "copy", "--connection", w.ConnectionFile(), "--identity",
		w.Identity("auditor", "auditor"), "--out", blocks); err != nil {
		return err
	}
	if err := w.Show(ctx, "audit", "headers", "--connection", w.ConnectionFile(), "--node",
		w.Conn.Bitcoin[1].Name, "--out", headers); err != nil {
		return err
	}
	if w.breakAt == "audit" { // the copy is not what the partners signed
		if err := flip(blocks); err != nil {
			return err
		}
	}
	if err := w.Show(ctx, "audit", "replay", "--headers", headers, blocks); err != nil {
		return err
	}
	var report audit.Report
	if err := w.Ask(ctx, &report, "audit", "replay", "--headers", headers, blocks); err != nil {
		return err
	}
	w.report.Ledger = Ledger{Height: report.Blocks, Transactions: report.Transactions.All}
	if err := w.compare(report); err != nil {
		return err
	}
	return w.auditFlipped(ctx, blocks, headers)
}

// compare holds the books that the auditor replayed against what the demo saw.
func (w *world) compare(r audit.Report) error {
	b, sale := r.Books, w.report.Sale
	if b == nil {
		return errors.New("the audit printed no books")
	}
	if b.Uses.Sold != uses || b.Uses.Used != uses || b.Uses.Open != 0 {
		return fmt.Errorf("the books say %+v uses, want %d sold and used", b.Uses, uses)
	}
	if int64(b.Money.Paid) != sale.Price || b.Money.Paid != b.Money.Commission+b.Money.Contributors+b.Money.Residual {
		return fmt.Errorf("the books say %+v, want %d paid and split to the satoshi", b.Money, sale.Price)
	}
	for _, p := range b.Payees {
		if int64(p.Amount) != sale.Accruals[p.Payee] {
			return fmt.Errorf("the books owe %s %d sat, the ledger said %d", p.Payee, p.Amount,
				sale.Accruals[p.Payee])
		}
	}
	return nil
}

// auditFlipped changes one byte in a copied block: the audit must exit 1 and name the transaction.
func (w *world) auditFlipped(ctx context.Context, blocks, headers string) error {
	changed := filepath.Join(w.Dir, "audit", "changed")
	if err := copyTree(blocks, changed); err != nil {
		return err
	}
	if err := flip(changed); err != nil {
		return err
	}
	out, err := w.Command(ctx, "audit", "replay", "--headers", headers, "--output", "json", changed).Output()
	if err == nil {
		return errors.New("the audit of a falsified copy ended well, want exit code 1")
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		return fmt.Errorf("the audit of a falsified copy, want exit code 1: %w", err)
	}
	var report audit.Report
	if err := json.Unmarshal(out, &report); err != nil {
		return fmt.Errorf("the audit of a falsified copy: %w", err)
	}
	for _, f := range report.Findings {
		if f.TxID != "" {
			w.note(Attack{
				Name: "a copied block with one changed byte", Refused: true, Code: "exit 1",
				Expected: "exit 1",
			})
			w.Say("  it names transaction %s… in block %d", f.TxID[:16], f.Block)
			return nil
		}
	}
	return errors.New("the audit of a falsified copy names no transaction")
}

// flip changes one byte in the middle of the largest copied block after the definition of the chaincode.
func flip(blocks string) error {
	files, err := filepath.Glob(filepath.Join(blocks, "*.block"))
	if err != nil {
		return err
	}
	sort.Strings(files)
	if len(files) < 20 {
		return fmt.Errorf("%d blocks were copied, want more", len(files))
	}
	file := files[len(files)*3/4]
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	raw[len(raw)/3] ^= 1
	return os.WriteFile(file, raw, 0o600)
}
