package stage

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
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Command prepares one of the project's own programs. It dies with the teller, and gets SIGTERM first when ctx ends.
func (s *Stage) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.Bin, program), args...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 10 * time.Second
	return c
}

// Show runs a program and lets the reader watch its progress and result, indented below the step.
func (s *Stage) Show(ctx context.Context, program string, args ...string) error {
	c := s.Command(ctx, program, args...)
	pipe, err := c.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	c.Stderr = c.Stdout // one pipe: progress comes before the result, as on a terminal
	if err := c.Start(); err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	var said bytes.Buffer
	indent(s.Out, io.TeeReader(pipe, &said))
	if err := c.Wait(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, args[0], err, LastLines(said.String(), 4))
	}
	return nil
}

// Ask runs a program for its JSON answer.
func (s *Stage) Ask(ctx context.Context, into any, program string, args ...string) error {
	c := s.Command(ctx, program, append([]string{args[0], "--output", "json"}, args[1:]...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, args[0], err, LastLines(stderr.String()+stdout.String(), 4))
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return fmt.Errorf("%s %s answered something else than JSON: %w", program, args[0], err)
	}
	return nil
}

func indent(out io.Writer, in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		_, _ = fmt.Fprintf(out, "      %s\n", lines.Text())
	}
}

// Say prints one finding of a step.
func (s *Stage) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Out, "    "+format+"\n", args...)
}

// LastLines is the end of a program's output, in one line.
func LastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// Dead reports whether no process of that pid runs any more.
func Dead(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// running lists the processes whose arguments name a folder.
func running(folder string) ([]string, error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []string
	for _, f := range files {
		args, err := os.ReadFile(f)
		if err == nil && bytes.Contains(args, []byte(folder)) { // one that just ended has no arguments to read
			found = append(found, filepath.Base(filepath.Dir(f))+" "+
				string(bytes.ReplaceAll(args, []byte{0}, []byte{' '})))
		}
	}
	return found, nil
}

// Wait polls until done reports true or ctx or the limit ends; what says what is awaited.
func Wait(ctx context.Context, limit time.Duration, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		ok, err := done()
		if ok {
			return nil
		}
		last = err
		select {
		case <-ctx.Done():
			if last == nil {
				last = ctx.Err()
			}
			return fmt.Errorf("waiting for %s: %w", what, last)
		case <-tick.C:
		}
	}
}
