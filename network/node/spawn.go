package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// spawner starts children from one thread that lives as long as the supervisor. The kernel sends the
// parent-death signal when the thread that forked ends (prctl(2), PR_SET_PDEATHSIG), and Go ends idle
// threads: children would be killed at random.
type spawner struct {
	requests chan spawnRequest
}

type spawnRequest struct {
	cmd   *exec.Cmd
	reply chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest)}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the supervisor, and its children with it
		for r := range s.requests {
			r.reply <- r.cmd.Start()
		}
	}()
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	r := spawnRequest{cmd: cmd, reply: make(chan error, 1)}
	s.requests <- r
	return <-r.reply
}

// command prepares a child: an environment and a process group of its own, output to a private log, killed when the
// supervisor ends.
func (s Spec) command() (*exec.Cmd, io.Closer, error) {
	if err := os.MkdirAll(filepath.Dir(s.Log), 0o700); err != nil {
		return nil, nil, fmt.Errorf("log folder of %s: %w", s.Name, err)
	}
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("log of %s: %w", s.Name, err)
	}
	cmd := exec.Command(s.Path, s.Args...) //nolint:noctx,gosec // a child ends by the supervisor's own signals, not by a context; specs come over a socket of mode 0600
	cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" +
		s.Dir}, s.Env...)
	cmd.Dir = s.Dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd, log, nil
}

// signalPID sends a signal to one process. Ids below 2 are refused: 0 and -1 would mean a whole group or all
// processes.
func signalPID(pid int, sig syscall.Signal) error {
	if pid < 2 {
		return fmt.Errorf("signal %v: expected a process id from 2 on, got %d", sig, pid)
	}
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %v to %d: %w", sig, pid, err)
	}
	return nil
}

// sweepGroup kills the processes that a child left in its own process group.
func sweepGroup(pid int) {
	if pid >= 2 {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // ESRCH when nobody is left, which is the rule
	}
}
