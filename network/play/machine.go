package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// ErrMachine means that a machine can't be added; the text behind it gives the reason.
var ErrMachine = errors.New("machine")

// Machine is what a machine's owner needs to begin: all paths are absolute.
type Machine struct {
	Name   string `json:"name"`
	Config string `json:"config"` // machine.json
	Code   string `json:"code"`   // file of the one-time enrollment code
	Owner  string `json:"owner"`  // party id of the buyer who owns it
	TPM    string `json:"tpm"`    // process of the TPM emulator
}

// AddMachine makes a machine with a TPM emulator: its TPM with an endorsement certificate by the play's own
// maker, whose roots registrar and custodians trust from now on; an enrollment code for a buyer of
// connection.json, by name; and a machine.json. The emulator is a process of the network. Programs is the
// folder of the product's programs.
func (n *Network) AddMachine(ctx context.Context, name, owner, programs string) (Machine, error) {
	m := Machine{Name: name, TPM: "tpm." + name}
	if !regexp.MustCompile(`^[a-z][a-z0-9-]{0,23}$`).MatchString(name) {
		return m, fmt.Errorf("%w %q is not a name (lower case letters, digits, hyphens)", ErrMachine, name)
	}
	dir := n.layout.machine(name)
	m.Config, m.Code = filepath.Join(dir, "machine.json"), filepath.Join(dir, "code")
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%w %s is there already: %s", ErrMachine, name, m.Config)
	}
	conn, err := topology.ReadConnection(n.layout.Connection())
	if err != nil {
		return m, err
	}
	if m.Owner, err = buyer(conn, owner); err != nil {
		return m, err
	}
	code, err := EnrollmentCode(ctx, conn, programs, m.Owner)
	if err != nil {
		return m, err
	}
	if err := n.makeTPM(ctx, name); err != nil {
		return m, errors.Join(err, os.RemoveAll(dir))
	}
	if err := home.Put(m.Code, []byte(code+"\n")); err != nil {
		return m, err
	}
	config, err := MachineConfig(conn, "unix:"+n.socket(name), filepath.Join(dir, "state"))
	if err != nil {
		return m, err
	}
	if err := home.Put(m.Config, config); err != nil {
		return m, err
	}
	return m, n.startTPM(ctx, name)
}

// buyer finds a buyer's party id by the name of the identity.
func buyer(conn topology.Connection, name string) (string, error) {
	var names []string
	for _, id := range conn.Identities {
		if id.Role != "buyer" {
			continue
		}
		if id.Name == name {
			return id.Party, nil
		}
		names = append(names, id.Name)
	}
	return "", fmt.Errorf("%w: no buyer %q; there are %s", ErrMachine, name, strings.Join(names, ", "))
}

func (l Layout) machines() string { return filepath.Join(l.Dir, "machines") }

func (l Layout) machine(name string) string { return filepath.Join(l.machines(), name) }

func (n *Network) tpm(name string) string { return filepath.Join(n.layout.machine(name), "tpm") }

func (n *Network) socket(name string) string { return filepath.Join(n.tpm(name), "sock") }

// longestSocket is the longest path of a socket for swtpm: sockaddr_un holds 108 bytes, and the control
// socket has a longer name.
const longestSocket = 95

// makeTPM makes a TPM with an endorsement certificate by swtpm_setup, and adds its maker to the trusted roots.
func (n *Network) makeTPM(ctx context.Context, name string) error {
	if path := n.socket(name); len(path) > longestSocket {
		return fmt.Errorf("%w %s: the path of its TPM's socket has %d bytes, at most %d: put the network "+
			"into another folder with --dir (%s)",
			ErrMachine, name, len(path), longestSocket, path)
	}
	maker := filepath.Join(n.layout.Dir, "tpm-maker")
	local, err := exec.LookPath("swtpm_localca")
	if err != nil {
		return fmt.Errorf("%w: swtpm_localca: run `make deps` (%w)", process.ErrTool, err)
	}
	in := func(file string) string { return filepath.Join(maker, file) }
	for file, text := range map[string]string{
		"localca.conf": "statedir = " + maker + "\nsigningkey = " + in("signkey.pem") + "\nissuercert = " +
			in("issuercert.pem") +
			"\ncertserial = " + in("certserial") + "\n",
		"localca.options": "--platform-manufacturer Guildmark\n--platform-version 1\n--platform-model simulator\n",
		"setup.conf": "create_certs_tool = " + local + "\ncreate_certs_tool_config = " + in("localca.conf") +
			"\ncreate_certs_tool_options = " + in("localca.options") + "\nactive_pcr_banks = sha256\n",
	} {
		if err := home.Put(in(file), []byte(text)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(n.tpm(name), 0o700); err != nil {
		return fmt.Errorf("%w %s: %w", ErrMachine, name, err)
	}
	if _, err := output(ctx, "swtpm_setup", "--tpm2", "--create-ek-cert", "--tpmstate", n.tpm(name), "--config",
		in("setup.conf"), "--not-overwrite"); err != nil {
		return fmt.Errorf("%w %s: %w", ErrMachine, name, err)
	}
	// swtpm's tools make keys and a TPM's memory readable for the group.
	if err := errors.Join(closeFiles(maker), closeFiles(n.tpm(name))); err != nil {
		return err
	}
	for _, root := range []string{"swtpm-localca-rootca-cert.pem", "issuercert.pem"} {
		if err := home.Copy(in(root), filepath.Join(n.layout.EKRoots(), root)); err != nil {
			return err
		}
	}
	return nil
}

// closeFiles leaves a folder's files to their owner.
func closeFiles(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := os.Chmod(file, 0o600); err != nil {
			return fmt.Errorf("close the files of %s: %w", dir, err)
		}
	}
	return nil
}

// startTPM runs a machine's TPM emulator under the supervisor.
func (n *Network) startTPM(ctx context.Context, name string) error {
	program, err := exec.LookPath("swtpm")
	if err != nil {
		return fmt.Errorf("%w: swtpm: run `make deps` (%w)", process.ErrTool, err)
	}
	spec := node.Spec{
		Name: "tpm." + name, Class: "tpm", Path: program, Dir: n.tpm(name), Ready: node.Probe{File: n.socket(name)},
		Args: []string{
			"socket", "--tpm2", "--tpmstate", "dir=" + n.tpm(name) + ",mode=0600", "--server",
			"type=unixio,path=" + n.socket(name),
			"--ctrl", "type=unixio,path=" + n.socket(name) + ".ctrl", "--flags", "not-need-init,startup-clear",
		},
	}
	if err := process.Start(ctx, n.control, spec); err != nil {
		return err
	}
	return n.await(ctx, patience, spec.Name)
}

// startTPMs runs the emulators of all machines that were added before.
func (n *Network) startTPMs(ctx context.Context) error {
	dirs, err := filepath.Glob(n.layout.machine("*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := n.startTPM(ctx, filepath.Base(dir)); err != nil {
			return err
		}
	}
	return nil
}

// MachineConfig is machine.json for a machine of the play, with the eight pumps of the demonstration's mixer;
// machine/docs/machine.md explains the keys.
func MachineConfig(conn topology.Connection, tpm, state string) ([]byte, error) {
	type object = map[string]any
	server := func(url, roots string) object { return object{"url": url, "ca": roots} }
	registrar := object{"url": "", "ca": ""}
	for _, p := range conn.Peers {
		if _, ok := conn.Ports["registrar."+p.Partner]; ok {
			registrar = server("https://"+conn.Ports.Address("registrar."+p.Partner), p.TLSRoot)
		}
	}
	chain := conn.Bitcoin[0]
	var pumps []object
	const liter = 1_000_000 // microliters
	for i, ingredient := range []string{
		"orange-juice", "pineapple-juice", "grenadine", "coconut-milk", "blackberry-syrup", "passion-fruit",
		"tonic", "lime-juice",
	} {
		pumps = append(pumps, object{
			"number": i + 1, "ingredient": ingredient, "level": liter,
			"calibration": []object{{"drive": 200, "flow": 2_000}, {"drive": 1000, "flow": 20_000}},
		})
	}
	raw, err := json.MarshalIndent(object{
		"gateway": server(conn.Gateway.URL, conn.Gateway.Roots),
		"issuer":  server(conn.Auth.URL, conn.Auth.Roots), "registrar": registrar,
		"bundle": "", "line": Line, "tpm": tpm, "state": state,
		"bitcoin": object{
			"network": chain.Network, "rpc": "https://" + chain.RPC, "certificate": chain.Certificate,
			"credentials": chain.Credentials, "birthday": 0,
		},
		"devices": []object{{"profile": beverage.Profile, "setup": object{"scale": 2000, "pumps": pumps}}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMachine, err)
	}
	return append(raw, '\n'), nil
}

// EnrollmentCode draws a one-time code for a buyer's machine of the play's product line, at the partner that
// runs the registrar. Programs is the folder of the product's programs.
func EnrollmentCode(ctx context.Context, conn topology.Connection, programs, owner string) (string, error) {
	for _, p := range conn.Peers {
		if _, ok := conn.Ports["registrar."+p.Partner]; !ok {
			continue
		}
		registrar := home.Home{Dir: Layout{Dir: conn.Directory}.Home(p.Partner)}
		config := filepath.Join(registrar.Service("registrar"), "config.json")
		out, err := output(ctx, filepath.Join(programs, "partner"), "registrar", "code", "--config", config,
			"--owner", owner, "--line", Line)
		if err != nil {
			return "", fmt.Errorf("enrollment code of %s: %w", p.Partner, err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	return "", fmt.Errorf("%w: no partner runs a registrar", ErrState)
}

// output runs a program and gives what it printed.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // G204: a program of this project or of swtpm, with arguments made here
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
