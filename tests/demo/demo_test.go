package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// limit is how long a demo may take that must end early; on two busy cores the network alone takes half a minute.
const limit = 3 * time.Minute

// TestBreak falsifies a precondition of a step: the demo must fail there, not before, say so, and leave nothing
// behind.
func TestBreak(t *testing.T) {
	tests := []struct {
		step string
		code string // of the check that notices
	}{
		{"network", "orderer"},
		{"machine", "tpm.ek_chain"},
		{"buy", "wallet.funds"},
	}
	for _, tt := range tests {
		t.Run(tt.step, func(t *testing.T) {
			d := start(t, "--break", tt.step)
			d.follow(nil)
			failed := d.judge(tt.step)
			if !strings.Contains(failed.Error, tt.code) {
				t.Errorf("step %s failed by %q, want %s", tt.step, failed.Error, tt.code)
			}
		})
	}
}

// TestInterrupt presses Ctrl-C, or closes the terminal, in the middle of a step: the signal goes to the whole
// group of processes.
func TestInterrupt(t *testing.T) {
	tests := []struct {
		step   string
		middle func(d *running) bool // what runs then
		signal syscall.Signal
	}{
		{"network", func(d *running) bool { return d.runs("orderer") }, syscall.SIGINT},
		{"buy", func(d *running) bool { return d.runs("machine", "buy") }, syscall.SIGHUP},
	}
	for _, tt := range tests {
		t.Run(tt.step, func(t *testing.T) {
			d := start(t)
			d.follow(func(line string) {
				if !strings.Contains(line, "/"+strconv.Itoa(len(story()))+"  "+tt.step+" ") {
					return
				}
				d.until("the middle of step "+tt.step, func() bool { return tt.middle(d) })
				if err := syscall.Kill(-d.command.Process.Pid, tt.signal); err != nil {
					t.Error(err)
				}
			})
			d.judge(tt.step)
		})
	}
}

// running is a demo in a folder of its own.
type running struct {
	t       *testing.T
	dir     string
	command *exec.Cmd
	out     bytes.Buffer
	exit    error
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(root, "build", "bin", "demo")
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("%v: run `make tools build` in %s", err, root)
	}
	dir, err := os.MkdirTemp("", "guildmark-demo-") //nolint:usetesting // processes must be gone before it is removed
	if err != nil {
		t.Fatal(err)
	}
	d := &running{t: t, dir: dir}
	d.command = exec.Command(binary, append([]string{"--root", root, "--dir", dir}, args...)...)
	d.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the demo said:\n%s", d.out.String())
		}
		for pid := range d.processes() { // only after a failure: judge has looked
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return d
}

// follow runs the demo to its end and hands on each line that it prints.
func (d *running) follow(see func(line string)) {
	d.t.Helper()
	pipe, err := d.command.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	d.command.Stderr = &d.out
	if err := d.command.Start(); err != nil {
		d.t.Fatal(err)
	}
	late := time.AfterFunc(limit, func() { _ = d.command.Process.Signal(syscall.SIGTERM) })
	defer late.Stop()
	lines := bufio.NewScanner(pipe)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if see != nil {
			see(lines.Text())
		}
	}
	d.exit = d.command.Wait()
	_, _ = d.out.WriteString(strings.Join(said, "\n"))
}

// judge wants a demo that failed at a step and said so, with nothing left of it.
func (d *running) judge(step string) Step {
	d.t.Helper()
	exit, ok := errors.AsType[*exec.ExitError](d.exit)
	if !ok || exit.ExitCode() != 1 {
		d.t.Errorf("the demo ended with %v, want exit code 1", d.exit)
	}
	if left := d.processes(); len(left) > 0 {
		d.t.Errorf("still running: %v", left)
	}
	raw, err := os.ReadFile(filepath.Join(d.dir, "report.json"))
	if err != nil {
		d.t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		d.t.Fatal(err)
	}
	if r.OK {
		d.t.Error("the report says that all is well")
	}
	var told, want []string
	for _, c := range story() {
		want = append(want, fmt.Sprint(c.name, " ", c.name != step))
		if c.name == step {
			break
		}
	}
	for _, s := range r.Steps {
		told = append(told, fmt.Sprint(s.Name, " ", s.OK))
	}
	if strings.Join(told, ", ") != strings.Join(want, ", ") {
		d.t.Fatalf("steps %v, want %v", told, want)
	}
	return r.Steps[len(r.Steps)-1]
}

// processes are those whose arguments, environment or folder lie in the demo's own, by process id.
func (d *running) processes() map[int]string {
	d.t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		d.t.Fatal(err)
	}
	found := map[int]string{}
	for _, dir := range dirs {
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline")) // a process may end while we look
		environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
		cwd, _ := os.Readlink(filepath.Join(dir, "cwd"))
		if bytes.Contains(args, []byte(d.dir)) || bytes.Contains(environ, []byte(d.dir)) ||
			strings.HasPrefix(cwd, d.dir) {
			pid, err := strconv.Atoi(filepath.Base(dir))
			if err != nil {
				d.t.Fatal(err)
			}
			found[pid] = strings.ReplaceAll(string(args), "\x00", " ")
		}
	}
	return found
}

// runs tells whether the demo runs a program with a first argument.
func (d *running) runs(program string, first ...string) bool {
	d.t.Helper()
	for _, args := range d.processes() {
		words := strings.Fields(args)
		if len(words) > len(first) && filepath.Base(words[0]) == program &&
			(len(first) == 0 || words[1] == first[0]) {
			return true
		}
	}
	return false
}

func (d *running) until(what string, done func() bool) {
	d.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			d.t.Errorf("waited too long for %s", what)
			return
		}
	}
}
