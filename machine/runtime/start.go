package runtime

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ErrEnded means that the runtime's process exited without reporting a result: it was killed, or out of
// memory. A use may have been burnt; `machine licenses` shows the count.
var ErrEnded = ledger.Refuse(ledger.Unavailable, "runtime.ended", "the runtime's process ended before its job did")

// maxEvent bounds a line of the runtime's output, bytes.
const maxEvent = 1 << 16

// stopGrace is how long an aborted runtime has to bring its device to rest before it is killed.
const stopGrace = 5 * time.Second

// Start runs one job in a child process of the program at path with the arguments given ("runtime"), in a
// network namespace of its own, and reports its events in order. It returns when the child has ended: nil, or
// the child's refusal. The job goes over a pipe; nothing of it is in the arguments or the environment. When ctx
// ends the child gets SIGTERM and stops its device.
func Start(ctx context.Context, path string, args []string, job Job, report func(Event)) error {
	//nolint:gosec // G204: path is the machine's own program, as the command found it
	child := exec.CommandContext(ctx, path, args...)
	child.Env = []string{}
	child.Stdin = bytes.NewReader(ledger.Encode(job))
	child.SysProcAttr = isolation(os.Geteuid())
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = stopGrace
	var faults bytes.Buffer
	child.Stderr = &faults
	out, err := child.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the runtime: %w", err)
	}
	if err := child.Start(); err != nil {
		return ErrNetwork.With("no namespace of its own: " + err.Error())
	}
	last, readErr := follow(out, report)
	err = errors.Join(child.Wait(), readErr)
	switch {
	case last.Kind == Refused && last.Refusal != nil:
		return last.Refusal
	case last.Kind == Done && err == nil:
		return nil
	case err == nil:
		err = errors.New("the runtime exited without reporting a result")
	}
	return ErrEnded.With(fmt.Sprintf("%v %.400s", err, faults.String()))
}

// isolation gives the child a network namespace without interfaces, and has the kernel kill it when the agent
// ends. Without root it needs a user namespace too.
func isolation(uid int) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	}
	return attr
}

// follow reads events until the child closes its output, and returns the last.
func follow(out io.Reader, report func(Event)) (Event, error) {
	var last Event
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return last, fmt.Errorf("read the runtime's event: %w", err)
		}
		last = e
		report(e)
	}
	return last, lines.Err()
}
