package stage

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/device/mixer"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
)

// Box is a machine: a TPM emulator, a configuration and a state folder.
type Box struct {
	Name   string
	Dir    string
	Socket string // of the TPM emulator, which is a process of the network
	ID     string // on the ledger, once enrolled
	Config string // machine.json
}

// State is the agent's folder.
func (b *Box) State() string { return filepath.Join(b.Dir, "state") }

// TPM is the emulator as the machine dials it.
func (b *Box) TPM() string { return "unix:" + b.Socket }

// TCTI is the emulator as tpm2-tools take it in TPM2TOOLS_TCTI.
func (b *Box) TCTI() string { return "swtpm:path=" + b.Socket }

// TrustMaker gives registrar and custodians the roots of an emulators' maker.
func (s *Stage) TrustMaker(maker *swtpm.Authority) error {
	root, err := maker.Root()
	if err != nil {
		return err
	}
	issuer, err := maker.Issuer()
	if err != nil {
		return err
	}
	dir := filepath.Join(s.Net(), "ek-roots")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("trust a TPM maker: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "maker.pem"), append(root, issuer...), 0o600)
}

// MakeBox makes a machine and switches its TPM on.
func (s *Stage) MakeBox(ctx context.Context, maker *swtpm.Authority, name string) (*Box, error) {
	b := &Box{Name: name, Dir: filepath.Join(s.Dir, "machines", name)}
	b.Config = filepath.Join(b.Dir, "machine.json")
	if err := os.MkdirAll(b.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a machine: %w", err)
	}
	tpmDir := filepath.Join(b.Dir, "tpm")
	if err := maker.Make(ctx, tpmDir); err != nil {
		return nil, fmt.Errorf("make a TPM: %w", err)
	}
	if err := s.switchOn(ctx, b, tpmDir); err != nil {
		return nil, fmt.Errorf("start the TPM: %w", err)
	}
	return b, s.configure(b)
}

// maxSocket is the longest path of a socket that swtpm takes (sockaddr_un holds 108 bytes; the control socket's
// is longer).
const maxSocket = 95

// switchOn lets the network's supervisor run a machine's TPM emulator: whatever stops the network stops it too.
func (s *Stage) switchOn(ctx context.Context, b *Box, dir string) error {
	b.Socket = filepath.Join(dir, "sock")
	if len(b.Socket) > maxSocket {
		short, err := os.MkdirTemp("", "swtpm")
		if err != nil {
			return err
		}
		s.sockets, b.Socket = append(s.sockets, short), filepath.Join(short, "sock")
	}
	args, err := swtpm.Arguments(dir, b.Socket)
	if err != nil {
		return err
	}
	name := "tpm." + b.Name
	err = s.Control.Add(ctx, node.Spec{
		Name: name, Class: "tpm", Path: args[0], Args: args[1:], Dir: dir, Log: filepath.Join(dir, "swtpm.log"),
		Ready: node.Probe{File: b.Socket},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // it takes 15 to 80 ms (measured)
	defer cancel()
	return s.Control.Await(ctx, name)
}

// configure writes machine.json: what the machine's installer would.
func (s *Stage) configure(b *Box) error {
	chain := s.Conn.Bitcoin[0]
	operator, manufacturer := s.Conn.TLSRoot("operator"), s.Conn.TLSRoot("manufacturer")
	config := agent.Config{
		Gateway:   market.Server{URL: s.URL("gateway"), CA: operator},
		Issuer:    market.Server{URL: s.URL("auth"), CA: operator},
		Registrar: market.Server{URL: s.URL("registrar.manufacturer"), CA: manufacturer},
		Line:      play.Line, TPM: b.TPM(), State: b.State(),
		Bitcoin: agent.Bitcoin{
			Network: chain.Network, RPC: "https://" + chain.RPC,
			Certificate: chain.Certificate, Credentials: chain.Credentials,
		},
	}
	setup := mixer.Setup{Scale: 2000}
	const liter = 1_000_000 // microliters
	for i, ingredient := range []string{
		"orange-juice", "pineapple-juice", "grenadine", "coconut-milk",
		"blackberry-syrup", "passion-fruit", "tonic", "lime-juice",
	} {
		setup.Pumps = append(setup.Pumps, mixer.Pump{
			Number: i + 1, Ingredient: ingredient, Level: liter,
			Calibration: []mixer.Point{{Drive: 200, Flow: 2_000}, {Drive: 1000, Flow: 20_000}},
		})
	}
	config.Devices = []agent.Device{{Profile: beverage.Profile, Setup: ledger.Encode(setup)}}
	return os.WriteFile(b.Config, ledger.Encode(config), 0o600)
}

// URL is where a service answers.
func (s *Stage) URL(service string) string { return "https://" + s.Conn.Ports.Address(service) }

// Enroll lets registrar and custodians activate a machine's credentials, for one of the operator's buyers.
func (s *Stage) Enroll(ctx context.Context, b *Box, owner string) (assurance string, err error) {
	code, err := play.EnrollmentCode(ctx, s.Conn, s.Bin, s.Party("operator", owner))
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.Dir, "code")
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		return "", fmt.Errorf("enroll %s: %w", b.Name, err)
	}
	var enrolled struct {
		Machine   string `json:"machine"`
		Assurance string `json:"assurance"`
	}
	err = s.Drive(ctx, b, &enrolled, "enroll", "--code-file", file)
	b.ID = enrolled.Machine
	return enrolled.Assurance, err
}

// Fund gives a machine's wallet regtest coins.
func (s *Stage) Fund(ctx context.Context, b *Box, amount ledger.Satoshi) error {
	var wallet struct {
		Network string `json:"network"`
		Address string `json:"address"`
	}
	if err := s.Drive(ctx, b, &wallet, "wallet", "address"); err != nil {
		return err
	}
	script, err := payment.ScriptOf(wallet.Address, wallet.Network)
	if err != nil {
		return err
	}
	if _, err := s.Faucet.Pay(ctx, s.Bitcoin, script, amount); err != nil {
		return err
	}
	_, err = s.Bitcoin.Generate(ctx, 1)
	return err
}

// MachineCommand prepares the machine command for a box: its result is JSON, its progress JSON lines on
// standard error.
func (s *Stage) MachineCommand(ctx context.Context, b *Box, name string, args ...string) *exec.Cmd {
	return s.Command(ctx, "machine", append([]string{
		name, "--config", b.Config, "--output", "json",
		"--events",
	}, args...)...)
}

// Answer is the result that the machine command printed, and the refusal that ended it.
type Answer struct {
	Result  json.RawMessage
	Refusal *ledger.Refusal
}

// Into decodes the result.
func (a Answer) Into(into any) error {
	if len(a.Result) == 0 {
		return errors.New("the machine printed nothing")
	}
	return json.Unmarshal(a.Result, into)
}

// Follow runs a machine command and hands each of its progress lines to see as it comes. A refusal is an answer; the
// error is for a command that ended without one, killed for example.
func Follow(c *exec.Cmd, see func(line json.RawMessage)) (Answer, error) {
	var answer Answer
	var result bytes.Buffer
	c.Stdout = &result
	pipe, err := c.StderrPipe()
	if err != nil {
		return answer, fmt.Errorf("start %s: %w", c.Path, err)
	}
	if err := c.Start(); err != nil {
		return answer, fmt.Errorf("start %s: %w", c.Path, err)
	}
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	last := ""
	for lines.Scan() {
		last = lines.Text()
		if see != nil {
			see(bytes.Clone(lines.Bytes()))
		}
	}
	failed := c.Wait()
	answer.Result = result.Bytes()
	if failed == nil {
		return answer, nil
	}
	var refusal ledger.Refusal
	if json.Unmarshal([]byte(last), &refusal) == nil && refusal.Code != "" {
		answer.Refusal = &refusal
		return answer, nil
	}
	return answer, fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), failed, last)
}

// progress shows what the machine says it does, but not what its mixer does.
func (s *Stage) progress(line json.RawMessage) {
	var p agent.Progress
	if json.Unmarshal(line, &p) == nil && p.Step != "" && p.Runtime == nil {
		s.Say("  %-10s %s", p.Step, p.Detail)
	}
}

// Drive runs the machine command, shows its progress and wants it to succeed.
func (s *Stage) Drive(ctx context.Context, b *Box, into any, name string, args ...string) error {
	answer, err := Follow(s.MachineCommand(ctx, b, name, args...), s.progress)
	if err != nil {
		return fmt.Errorf("machine %s: %w", name, err)
	}
	if answer.Refusal != nil {
		return fmt.Errorf("machine %s: %w", name, answer.Refusal)
	}
	return answer.Into(into)
}
