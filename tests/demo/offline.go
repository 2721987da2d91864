package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/device/mixer"
	"github.com/guildmark/guildmark/machine/runtime"
	"github.com/guildmark/guildmark/tests/stage"
)

// produceOffline kills every process of the partners, then makes as many drinks as were paid for, and one too many.
func produceOffline(ctx context.Context, w *world) error {
	if err := w.killEverything(ctx); err != nil {
		return err
	}
	for n := int64(1); n <= uses; n++ {
		if n == 2 { // restoreDisk puts this copy back after the last use
			if err := copyTree(w.machine.State(), w.lootPath("state-before-use-2")); err != nil {
				return err
			}
		}
		if err := w.makeDrink(ctx, n); err != nil {
			return err
		}
	}
	return w.oneTooMany(ctx)
}

// partnerClasses are the classes of all processes but the Bitcoin nodes. Those run on: Bitcoin would too, and
// btcd loses regtest's chain when its last node stops.
func partnerClasses() []string {
	return []string{
		"gateway", "auth", "oracle", "custodian", "registrar", "heartbeat", "orderer", "peer",
		"chaincode", "ca",
	}
}

// killEverything stops the partners' processes, and fails if one of their pids still exists.
func (w *world) killEverything(ctx context.Context) error {
	before, err := w.Control.List(ctx)
	if err != nil {
		return err
	}
	if w.breakAt == "offline" { // the peers stay
		err = w.Control.Stop(ctx, "gateway", "oracle", "custodian", "orderer")
	} else {
		err = w.Control.Stop(ctx, partnerClasses()...)
	}
	if err != nil {
		return err
	}
	var alive, gone []string
	for _, p := range before {
		if p.PID == 0 || p.Class == "btcd" || p.Class == "tpm" { // the machines' own
			continue
		}
		if stage.Dead(p.PID) {
			gone = append(gone, fmt.Sprintf("%s %d", p.Name, p.PID))
		} else {
			alive = append(alive, p.Name)
		}
	}
	if len(alive) > 0 {
		return fmt.Errorf("still alive: %s", strings.Join(alive, ", "))
	}
	w.Say("dead by pid: %s", strings.Join(short(gone), ", "))
	return nil
}

// short names the processes a reader cares about, with their pids.
func short(gone []string) []string {
	var list []string
	for _, g := range gone {
		for _, class := range []string{"gateway", "oracle.", "custodian.", "orderer.", "peer."} {
			if strings.HasPrefix(g, class) {
				list = append(list, g)
			}
		}
	}
	return append(list, fmt.Sprintf("and %d more", len(gone)-len(list)))
}

// makeDrink is one use without a network, shown pump by pump.
func (w *world) makeDrink(ctx context.Context, n int64) error {
	w.Say("drink %d of %d, in a network namespace without interfaces", n, uses)
	show := newPour(w)
	answer, err := stage.Follow(below(ctx, withoutNetwork(),
		w.MachineCommand(ctx, w.machine, "use", "--license", w.license)), show.line)
	if err == nil && answer.Refusal != nil {
		err = answer.Refusal
	}
	if err != nil {
		return fmt.Errorf("use %d: %w", n, err)
	}
	var used agent.Used
	if err := answer.Into(&used); err != nil || used.Count != n || used.Limit != uses {
		return fmt.Errorf("use %d: the machine says %+v", n, used)
	}
	w.report.Sale.Used = used.Count
	w.Say("the TPM counted %d of %d; the mixer ran %d steps from %d packages", used.Count, used.Limit,
		show.steps, show.packages)
	if show.packages < 2 {
		return errors.New("the recipe was not opened a package at a time")
	}
	return nil
}

// pour shows the first step pump by pump, then every tenth part of the drink.
type pour struct {
	*world

	steps, packages, tenth int
}

func newPour(w *world) *pour { return &pour{world: w, tenth: 1} }

func (p *pour) line(raw json.RawMessage) {
	var event agent.Progress
	if json.Unmarshal(raw, &event) != nil || event.Runtime == nil {
		return
	}
	switch e := *event.Runtime; e.Kind {
	case runtime.Locked:
		p.Say("  runtime %d: memory locked, no dumps, no network", e.PID)
	case runtime.Burnt:
		p.Say("  the TPM burnt one use")
	case runtime.Package:
		p.packages = e.Package
	case runtime.Device:
		var of mixer.Event
		if json.Unmarshal(e.Device, &of) == nil {
			p.device(of)
		}
	case runtime.Verified, runtime.Opened, runtime.State, runtime.Done, runtime.Refused:
	}
}

func (p *pour) device(e mixer.Event) {
	switch {
	case e.Kind == mixer.StepDone && e.Percent >= 10*p.tenth:
		p.steps = e.Step
		done := e.Percent / 5
		p.Say("  [%s%s] %3d %%  step %d, package %d", strings.Repeat("█", done), strings.Repeat("·", 20-done),
			e.Percent, e.Step, p.packages)
		p.tenth = e.Percent/10 + 1
	case e.Kind == mixer.StepDone:
		p.steps = e.Step
	case e.Step == 1 && (e.Kind == mixer.Started || e.Kind == mixer.Stopped):
		p.Say("  step 1: pump %d %s", e.Pump,
			map[mixer.Kind]string{mixer.Started: "on", mixer.Stopped: "off"}[e.Kind])
	}
}

// oneTooMany asks for a fourth use, by the machine's own way and by the TPM's own tools.
func (w *world) oneTooMany(ctx context.Context) error {
	answer, err := w.offline(ctx, w.machine, "use", "--license", w.license)
	if err != nil {
		return err
	}
	w.noteAnswer("a fourth use", answer, usedUp)
	return w.rawBurn(ctx)
}

// usedUp is the TPM's own answer when a PIN_PASS index has reached its limit (TCG TPM 2.0 Part 2,
// TPM_RC_AUTH_UNAVAILABLE).
const usedUp = "tpm.auth_unavailable"

// rawBurn tries to burn a use by tpm2-tools, without the project's own software: only the TPM can refuse.
func (w *world) rawBurn(ctx context.Context) error {
	session := filepath.Join(w.Dir, "loot", "session")
	run := func(program string, args ...string) (string, error) {
		c := exec.CommandContext(ctx, program, args...) // #nosec G204: tpm2-tools
		c.Env = append(os.Environ(), "TPM2TOOLS_TCTI="+w.machine.TCTI())
		out, err := c.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if out, err := run("tpm2_startauthsession", "--policy-session", "-S", session); err != nil {
		return fmt.Errorf("tpm2_startauthsession: %w: %s", err, out)
	}
	out, err := run("tpm2_policysecret", "-S", session, "-c", "0x01800200")
	if flushed, flushErr := run("tpm2_flushcontext", session); flushErr != nil {
		return fmt.Errorf("tpm2_flushcontext: %w: %s", flushErr, flushed)
	}
	code := "none"
	if err != nil && strings.Contains(strings.ToLower(out), "0x12f") { // TPM_RC_AUTH_UNAVAILABLE
		code = usedUp
	}
	w.note(Attack{Name: "a fourth use by tpm2-tools", Refused: err != nil, Code: code, Expected: usedUp})
	return nil
}

// withoutNetwork runs a program in a network namespace that has no interface; the TPM is a unix socket.
func withoutNetwork() []string { return []string{"unshare", "-n"} }

// below starts command c through another program, such as unshare.
func below(ctx context.Context, through []string, c *exec.Cmd) *exec.Cmd {
	// #nosec G204: unshare and our own program
	outer := exec.CommandContext(ctx, through[0], append(append(through[1:], c.Path), c.Args[1:]...)...)
	outer.SysProcAttr, outer.Cancel, outer.WaitDelay = c.SysProcAttr,
		func() error { return outer.Process.Kill() }, c.WaitDelay
	return outer
}

// offline runs the machine command without a network and gives its lines or its refusal.
func (w *world) offline(ctx context.Context, b *stage.Box, name string, args ...string) (stage.Answer, error) {
	return stage.Follow(below(ctx, withoutNetwork(), w.MachineCommand(ctx, b, name, args...)), nil)
}
