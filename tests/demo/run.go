package main

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

// command prepares one of the project's own programs. It dies with the demo, and gets SIGTERM first when ctx ends.
func (w *world) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(w.bin, program), args...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 10 * time.Second
	return c
}

// show runs a program and lets the reader watch it, indented below the step.
func (w *world) show(ctx context.Context, program string, args ...string) error {
	c := w.command(ctx, program, args...)
	pipe, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	var tail bytes.Buffer
	c.Stderr = &tail
	if err := c.Start(); err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	indent(w.out, pipe)
	if err := c.Wait(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, args[0], err, lastLines(tail.String(), 4))
	}
	return nil
}

// ask runs a program for its JSON answer.
func (w *world) ask(ctx context.Context, into any, program string, args ...string) error {
	c := w.command(ctx, program, append([]string{args[0], "--output", "json"}, args[1:]...)...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, args[0], err, lastLines(stderr.String()+stdout.String(), 4))
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return fmt.Errorf("%s %s answered something else than JSON: %w", program, args[0], err)
	}
	return nil
}

func indent(out io.Writer, in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fmt.Fprintf(out, "      %s\n", lines.Text())
	}
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// say prints one finding of a step.
func (w *world) say(format string, args ...any) { fmt.Fprintf(w.out, "    "+format+"\n", args...) }

// dead reports whether no process of that pid runs any more.
func dead(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// copyTree copies a folder with its modes, as a thief with root would.
func copyTree(from, to string) error {
	return os.CopyFS(to, os.DirFS(from))
}

// wait polls until done reports true or ctx ends; what says what is awaited.
func wait(ctx context.Context, limit time.Duration, what string, done func() (bool, error)) error {
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

// patience is how long the story waits for what others do; a broken step need not be waited for that long.
func patience(w *world, step string) time.Duration {
	if w.breakAt == step {
		return 15 * time.Second
	}
	return 2 * time.Minute
}
