package runtime

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

const nobody = 65534

// TestMain is also the child that a test looks at from outside.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "dump-probe" {
		if err := probe(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// probe becomes an ordinary user's dumpable process, and then what the runtime is.
func probe(in io.Reader, out io.Writer) error {
	if err := syscall.Setuid(nobody); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return err
	}
	lines := bufio.NewReader(in)
	for _, do := range []func() error{func() error { return nil }, forbidDumps} {
		if err := do(); err != nil {
			return err
		}
		fmt.Fprintln(out, "ready")
		if _, err := lines.ReadString('\n'); err != nil {
			return err
		}
	}
	return nil
}

// The kernel gives /proc/<pid> of a process that can't be dumped to root, whoever runs it (proc(5)): that is
// how its memory is out of reach for its own user.
func TestForbidDumps(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("this test must run as root: it changes the user of a child")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), program, "dump-probe")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for _, want := range []struct {
		when string
		uid  uint32
	}{{"before", nobody}, {"after forbidDumps", 0}} {
		if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
			t.Fatalf("the child said %q, %v", line, err)
		}
		if got := ownerOf(t, child.Process.Pid); got != want.uid {
			t.Errorf("%s: /proc/<pid>/mem belongs to user %d, want %d", want.when, got, want.uid)
		}
		if _, err := io.WriteString(in, "\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
}

func ownerOf(t *testing.T, pid int) uint32 {
	t.Helper()
	info, err := os.Stat(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

func TestReadJob(t *testing.T) {
	tests := []struct{ name, doc string }{
		{"nothing", ""},
		{"another format", `{"format":"guildmark/job/2"}`},
		{"an unknown key", `{"format":"guildmark/job/1","share":"00"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ReadJob(strings.NewReader(tt.doc)); err == nil ||
				!strings.HasPrefix(err.Error(), ErrJob.Code) {
				t.Errorf("got %v, want %v", err, ErrJob)
			}
		})
	}
}

// A licensor may publish a key envelope of the largest size: its buyers must not find out at the first use
// that it fits no job.
func TestReadJobWithTheLargestParts(t *testing.T) {
	job := NewJob()
	job.Envelope, job.Manifest, job.Bundle = make([]byte, sealed.MaxEnvelope), make([]byte, ledger.MaxDocument),
		make([]byte, ledger.MaxDocument)
	got, err := ReadJob(bytes.NewReader(ledger.Encode(job)))
	if err != nil || len(got.Envelope) != sealed.MaxEnvelope {
		t.Errorf("got an envelope of %d bytes, %v", len(got.Envelope), err)
	}
	if _, err := ReadJob(io.MultiReader(bytes.NewReader(ledger.Encode(job)),
		strings.NewReader(strings.Repeat(" ", maxJob)))); !errors.Is(err, ErrJob) {
		t.Errorf("a job without end: got %v, want %v", err, ErrJob)
	}
}
