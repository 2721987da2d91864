package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/tests/stage"
)

// note adds how an attack ended to the report, and prints it.
func (w *world) note(r Attack) {
	w.report.Refusals = append(w.report.Refusals, r)
	mark := "✓"
	if !r.Refused || r.Code != r.Expected {
		mark = "✗"
	}
	w.Say("%s %-58s %s", mark, r.Name, r.Code)
	if mark == "✗" {
		w.Say("  expected refusal %s", r.Expected)
	}
}

// noteAnswer keeps what the machine answered to an attack.
func (w *world) noteAnswer(name string, answer stage.Answer, expected string) {
	r := Attack{Name: name, Refused: answer.Refusal != nil, Code: "none", Expected: expected}
	if answer.Refusal != nil {
		r.Code = answer.Refusal.Code
	}
	w.note(r)
}

// attack gives the machine, which has no network, what the attackers collected: each item must be refused by
// the check named beside it.
func attack(ctx context.Context, w *world) error {
	if err := w.filesOnAnotherMachine(ctx); err != nil {
		return err
	}
	for _, a := range []struct{ name, file, expected string }{
		{"a license with one changed byte", w.loot.changed, "signed.signature"},
		{"a real endorsement by one partner only", w.loot.onePartner, "signed.quorum"},
		{"a license signed on a second channel by the same peers", w.loot.otherSigned, "signed.channel"},
		{"a real endorsed write that was never submitted", w.loot.unsubmitted, "signed.writes"},
		{"two client certificates as signers", w.loot.clients, "signed.role"},
	} {
		answer, err := w.offline(ctx, w.machine, "verify", a.file)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		w.noteAnswer(a.name, answer, a.expected)
	}
	if err := w.restoreDisk(ctx); err != nil {
		return err
	}
	w.note(Attack{
		Name: "a key wrap lifted into another dataset", Refused: w.loot.lifted != "",
		Code: w.loot.lifted, Expected: "sealed.wrap",
	})
	if err := w.honestLicenseHolds(ctx); err != nil {
		return err
	}
	if !w.report.good() {
		return errors.New("an attack was not refused by the check expected: see the line marked with a cross")
	}
	return nil
}

// honestLicenseHolds verifies the untouched license: without it a machine that refused everything would pass.
func (w *world) honestLicenseHolds(ctx context.Context) error {
	var verdict struct {
		Function string `json:"function"`
	}
	file := filepath.Join(w.machine.State(), "licenses", w.license, "license.signed.json")
	if err := w.Drive(ctx, w.machine, &verdict, "verify", file); err != nil {
		return fmt.Errorf("the honest license: %w", err)
	}
	w.Say("✓ beside them, the honest license holds: %s", verdict.Function)
	return nil
}

// filesOnAnotherMachine copies what was bought to an enrolled machine with another TPM.
func (w *world) filesOnAnotherMachine(ctx context.Context) error {
	for _, folder := range []string{"licenses", "meters"} {
		if err := copyTree(filepath.Join(w.machine.State(), folder),
			filepath.Join(w.thief.State(), folder)); err != nil {
			return err
		}
	}
	answer, err := w.offline(ctx, w.thief, "use", "--license", w.license)
	if err != nil {
		return err
	}
	w.noteAnswer("the same files on a second machine", answer, "license.machine")
	return nil
}

// restoreDisk puts the agent's files back as they were before the second use: the count is not in them.
func (w *world) restoreDisk(ctx context.Context) error {
	now := w.lootPath("state-after-use-3")
	if err := os.Rename(w.machine.State(), now); err != nil {
		return err
	}
	if err := copyTree(w.lootPath("state-before-use-2"), w.machine.State()); err != nil {
		return err
	}
	answer, err := w.offline(ctx, w.machine, "use", "--license", w.license)
	if err != nil {
		return err
	}
	w.noteAnswer("the agent's disk restored from before the second use", answer, usedUp)
	if err := os.RemoveAll(w.machine.State()); err != nil {
		return err
	}
	return os.Rename(now, w.machine.State())
}
