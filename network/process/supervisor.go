package process

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/guildmark/guildmark/network/node"
)

// Supervise starts a supervisor in a session of its own, hands it the listener that holds the network's
// ports, and waits until it answers. Dir is the network's folder: it gets the control socket and the folder
// logs.
func Supervise(ctx context.Context, p Programs, dir, logs string, control *node.Client, hold *net.TCPListener) error {
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(logs, "supervisor.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	defer func() { _ = log.Close() }() // the child holds its own
	port, err := hold.File()
	if err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	defer func() { _ = port.Close() }()                       // the child holds its own
	cmd := exec.Command(p.Network, "supervise", "--dir", dir) //nolint:noctx,gosec // it outlives the caller; the program is this project's own
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.ExtraFiles = []*os.File{port} // open there as long as it runs, so that no other network takes the block
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := control.PID(ctx); err == nil {
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("supervisor ended: %w (see %s)", err, log.Name())
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGTERM) // it has no children yet
			return ctx.Err()
		case <-tick.C:
		}
	}
}
