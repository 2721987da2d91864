package swtpm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/machine/tpm"
)

// controlSuffix names the control socket where tpm2-tools' TCTI "swtpm:path=<socket>" looks for it.
const controlSuffix = ".ctrl"

// maxSocketPath is what fits into sockaddr_un with its end.
const maxSocketPath = 95

// startTimeout is for an emulator that doesn't come up: it takes 15 to 80 ms (measured).
const startTimeout = 10 * time.Second

// Simulator is a running emulator.
type Simulator struct {
	state  string
	socket string
	temp   string // folder of the socket when the state's path is too long
	log    string
	cmd    *exec.Cmd
	done   chan error
}

// Arguments are the program and arguments that run the TPM whose state is in dir behind a unix socket, for
// those who supervise it themselves.
func Arguments(dir, socket string) ([]string, error) {
	program, err := find("swtpm")
	if err != nil {
		return nil, err
	}
	return []string{
		program, "socket", "--tpm2", "--tpmstate", "dir=" + dir + ",mode=0600", "--server",
		"type=unixio,path=" + socket,
		"--ctrl", "type=unixio,path=" + socket + controlSuffix, "--flags", "not-need-init,startup-clear",
	}, nil
}

// Start runs the emulator whose state is in dir and waits until it answers. ctx ends the wait, not the
// emulator.
func Start(ctx context.Context, dir string) (*Simulator, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the emulator's folder: %w", err)
	}
	s := &Simulator{state: dir, socket: filepath.Join(dir, "sock"), log: filepath.Join(dir, "swtpm.log")}
	if len(s.socket) > maxSocketPath {
		if s.temp, err = os.MkdirTemp("", "swtpm"); err != nil {
			return nil, fmt.Errorf("make the socket's folder: %w", err)
		}
		s.socket = filepath.Join(s.temp, "sock")
	}
	if err := s.run(ctx); err != nil {
		return nil, errors.Join(err, s.clean())
	}
	return s, nil
}

// Address is what tpm.Dial takes.
func (s *Simulator) Address() string { return "unix:" + s.socket }

// TCTI is what tpm2-tools take in TPM2TOOLS_TCTI.
func (s *Simulator) TCTI() string { return "swtpm:path=" + s.socket }

// PID is the process.
func (s *Simulator) PID() int { return s.cmd.Process.Pid }

func (s *Simulator) run(ctx context.Context) error {
	args, err := Arguments(s.state, s.socket)
	if err != nil {
		return err
	}
	for _, old := range []string{s.socket, s.socket + controlSuffix} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the old socket: %w", err)
		}
	}
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the emulator's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child holds its own
	//nolint:gosec,noctx // G204: fixed program; the emulator outlives ctx and ends with Stop or Kill.
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for its owner, who stops it in order
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start swtpm: %w", err)
	}
	s.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan<- error) { done <- cmd.Wait() }(s.cmd, s.done)
	if err := s.ready(ctx); err != nil {
		return errors.Join(err, s.Kill())
	}
	return nil
}

// ready asks until the emulator answers a command.
func (s *Simulator) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("swtpm doesn't answer: %w (its log: %s)", err, s.log)
		case exit := <-s.done:
			s.done <- exit
			return fmt.Errorf("swtpm ended: %v (its log: %s)", exit, s.log) //nolint:errorlint // its exit status is text here
		case <-tick.C:
		}
	}
}

func (s *Simulator) ask(ctx context.Context) error {
	t, err := tpm.Dial(ctx, s.Address())
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	_, err = tpm2.GetCapability{Capability: tpm2.TPMCapTPMProperties, Property: 0x100, PropertyCount: 1}.Execute(t)
	return err
}

// Reboot shuts the TPM down in order and starts it again, as a computer's restart does. Nobody may be
// connected.
func (s *Simulator) Reboot(ctx context.Context) error {
	if err := s.shutdown(ctx); err != nil {
		return err
	}
	if err := s.end(syscall.SIGTERM); err != nil {
		return err
	}
	return s.run(ctx)
}

// PowerCut kills the emulator at once and starts it again.
func (s *Simulator) PowerCut(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.run(ctx)
}

func (s *Simulator) shutdown(ctx context.Context) error {
	t, err := tpm.Dial(ctx, s.Address())
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	if _, err := (tpm2.Shutdown{ShutdownType: tpm2.TPMSUClear}).Execute(t); err != nil {
		return fmt.Errorf("shut the TPM down: %w", err)
	}
	return nil
}

// Kill ends the emulator without warning.
func (s *Simulator) Kill() error { return s.end(syscall.SIGKILL) }

// Stop shuts the TPM down in order, ends the emulator and removes its socket.
func (s *Simulator) Stop(ctx context.Context) error {
	err := s.shutdown(ctx)
	return errors.Join(err, s.end(syscall.SIGTERM), s.clean())
}

// end signals the process and waits for it.
func (s *Simulator) end(signal syscall.Signal) error {
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end swtpm: %w", err)
	}
	exit := <-s.done
	s.done <- exit
	return nil
}

func (s *Simulator) clean() error {
	if s.temp == "" {
		return nil
	}
	return os.RemoveAll(s.temp)
}
