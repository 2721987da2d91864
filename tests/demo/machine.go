package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"guildmark/chaincode/ledger"
	"guildmark/machine/agent"
	"guildmark/machine/device/mixer"
	"guildmark/machine/tpm/swtpm"
	"guildmark/network/services"
)

// enrollMachine makes two machines with TPM emulators and lets registrar and custodians activate their credentials.
func enrollMachine(ctx context.Context, w *world) error {
	maker, err := swtpm.NewAuthority(filepath.Join(w.dir, "tpm-maker"))
	if err != nil {
		return err
	}
	w.machine, w.thief = &box{name: "mixer"}, &box{name: "other"}
	for _, b := range []*box{w.machine, w.thief} {
		if err := w.makeBox(ctx, maker, b); err != nil {
			return err
		}
	}
	if w.breakAt != "machine" { // a maker of TPMs that nobody vouches for
		if err := w.trustMaker(maker); err != nil {
			return err
		}
	}
	for i, b := range []*box{w.machine, w.thief} {
		if err := w.enroll(ctx, b, fmt.Sprintf("buyer%d", i+1)); err != nil {
			return err
		}
	}
	w.say("two machines are on the ledger; registrar and three custodians each saw their TPMs prove their keys")
	return nil
}

// trustMaker gives registrar and custodians the roots of the emulators' maker.
func (w *world) trustMaker(maker *swtpm.Authority) error {
	root, err := maker.Root()
	if err != nil {
		return err
	}
	issuer, err := maker.Issuer()
	if err != nil {
		return err
	}
	dir := filepath.Join(w.net(), "ek-roots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "demo-maker.pem"), append(root, issuer...), 0o644)
}

func (w *world) makeBox(ctx context.Context, maker *swtpm.Authority, b *box) error {
	b.dir = filepath.Join(w.dir, "machines", b.name)
	b.config = filepath.Join(b.dir, "machine.json")
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	tpmDir := filepath.Join(b.dir, "tpm")
	if err := maker.Make(ctx, tpmDir); err != nil {
		return fmt.Errorf("make a TPM: %w", err)
	}
	sim, err := swtpm.Start(ctx, tpmDir)
	if err != nil {
		return fmt.Errorf("start the TPM: %w", err)
	}
	b.tpm = sim
	return w.configure(b)
}

// configure writes machine.json: what the machine's installer would.
func (w *world) configure(b *box) error {
	node := w.conn.Bitcoin[0]
	operator, manufacturer := services.TLSRoot(w.conn, "operator"), services.TLSRoot(w.conn, "manufacturer")
	config := agent.Config{
		Gateway:   agent.Server{URL: "https://" + w.conn.Ports.Address("gateway"), CA: operator},
		Issuer:    agent.Server{URL: "https://" + w.conn.Ports.Address("auth"), CA: operator},
		Registrar: agent.Server{URL: "https://" + w.conn.Ports.Address("registrar.manufacturer"), CA: manufacturer},
		Line:      services.Line, TPM: b.tpm.Address(), State: b.state(),
		Bitcoin: agent.Bitcoin{Network: node.Network, RPC: "https://" + node.RPC, Certificate: node.Certificate, Credentials: node.Credentials},
		Mixer:   agent.Mixer{Scale: 2000},
	}
	const liter = 1_000_000 // microliters
	for i, ingredient := range []string{"orange-juice", "pineapple-juice", "grenadine", "coconut-milk", "blackberry-syrup", "passion-fruit", "tonic", "lime-juice"} {
		config.Mixer.Pumps = append(config.Mixer.Pumps, mixer.Pump{
			Number: i + 1, Ingredient: ingredient, Level: liter,
			Calibration: []mixer.Point{{Drive: 200, Flow: 2_000}, {Drive: 1000, Flow: 20_000}},
		})
	}
	return os.WriteFile(b.config, ledger.Encode(config), 0o600)
}

func (w *world) enroll(ctx context.Context, b *box, owner string) error {
	code, err := services.RegisterCode(ctx, w.conn, w.bin, w.party("operator", owner))
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "code")
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		return err
	}
	var enrolled struct {
		Machine   string `json:"machine"`
		Assurance string `json:"assurance"`
	}
	if err := w.drive(ctx, b, &enrolled, "enroll", "--code-file", file); err != nil {
		return err
	}
	b.id = enrolled.Machine
	w.say("%-6s %s… assurance %s", b.name, b.id[:16], enrolled.Assurance)
	return nil
}

// drive runs the machine command and wants it to succeed.
func (w *world) drive(ctx context.Context, b *box, into any, name string, args ...string) error {
	answer, err := w.tell(ctx, b, nil, name, args...)
	if err != nil {
		return err
	}
	if answer.refusal != nil {
		return fmt.Errorf("machine %s: %w", name, answer.refusal)
	}
	return answer.last(into)
}

// tell runs the machine command, perhaps below other programs (unshare -n), and gives its lines or its refusal.
func (w *world) tell(ctx context.Context, b *box, below []string, name string, args ...string) (machineAnswer, error) {
	line := append([]string{name, "--config", b.config, "--output", "json"}, args...)
	c := w.command(ctx, "machine", line...)
	if len(below) > 0 {
		c = w.below(ctx, below, "machine", line...)
	}
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	failed := c.Run()
	var answer machineAnswer
	lines := bufio.NewScanner(&stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		answer.lines = append(answer.lines, json.RawMessage(bytes.Clone(lines.Bytes())))
	}
	if failed == nil {
		return answer, nil
	}
	var last struct {
		Refusal *ledger.Refusal `json:"refusal"`
	}
	if answer.last(&last) == nil && last.Refusal != nil {
		answer.refusal = last.Refusal
		return answer, nil
	}
	return answer, fmt.Errorf("machine %s: %w: %s", name, failed, lastLines(stderr.String(), 4))
}
