package node_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/guildmark/guildmark/network/node"
)

// TestMain lets this test binary play the processes that are supervised: real ones, without a tool.
func TestMain(m *testing.M) {
	switch os.Getenv("NODE_TEST_PLAYS") {
	case "":
		os.Exit(m.Run())
	case "sleeper": // ready when its file is there; ends on SIGTERM
		play(os.Getenv("NODE_TEST_FILE"))
	case "stubborn": // ignores SIGTERM
		ignoreTerm()
		play(os.Getenv("NODE_TEST_FILE"))
	case "failing":
		os.Exit(3)
	case "parent": // leaves a child in its group
		leaveChild()
		play(os.Getenv("NODE_TEST_FILE"))
	case "supervisor":
		supervise(os.Getenv("NODE_TEST_FILE"))
	}
}

func play(file string) {
	if err := os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		os.Exit(4)
	}
	select {} // the runtime's signal handling keeps this from being a deadlock; SIGTERM ends it
}

// log is a buffer that several goroutines write to.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newSupervisor(t *testing.T) (*node.Supervisor, *log) {
	t.Helper()
	l := &log{}
	sup := node.New(t.TempDir(), slog.New(slog.NewTextHandler(io.MultiWriter(l, t.Output()), nil)))
	t.Cleanup(sup.Down)
	return sup, l
}

// spec is a process played by this binary, ready when its file is there.
func spec(t *testing.T, name, plays string, after ...string) node.Spec {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	class, partner, _ := strings.Cut(name, ".")
	return node.Spec{
		Name: name, Class: class, Partner: partner, Path: self,
		Env:   []string{"NODE_TEST_PLAYS=" + plays, "NODE_TEST_FILE=" + file},
		Ready: node.Probe{File: file}, After: after,
		Policy: node.Policy{Min: time.Millisecond, Grace: 200 * time.Millisecond},
	}
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func status(t *testing.T, list []node.Status, name string) node.Status {
	t.Helper()
	for _, s := range list {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no process %s in %v", name, list)
	return node.Status{}
}

// alive tells whether a process runs; one that is dead and not yet collected doesn't.
func alive(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

func TestRestartsWhatDies(t *testing.T) {
	sup, log := newSupervisor(t)
	ctx := limited(t)
	s := spec(t, "peer.operator", "sleeper")
	if err := sup.Add(s); err != nil {
		t.Fatal(err)
	}
	if err := sup.Await(ctx, "peer.operator"); err != nil {
		t.Fatal(err)
	}
	before := status(t, sup.List(), "peer.operator")
	if err := sup.Kill(ctx, "peer"); err != nil {
		t.Fatal(err)
	}
	if err := sup.Await(ctx, "peer.operator"); err != nil {
		t.Fatal(err)
	}
	after := status(t, sup.List(), "peer.operator")
	if after.PID == before.PID || after.Restarts != 1 || after.State != node.Ready || !alive(after.PID) ||
		alive(before.PID) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if after.LastExit != "signal: killed" {
		t.Errorf("last exit = %q", after.LastExit)
	}
	if !strings.Contains(log.String(), "died, starting it again") {
		t.Errorf("the log doesn't say so: %s", log)
	}
	sup.Down()
	if alive(after.PID) {
		t.Error("it runs after Down")
	}
}

func TestStopStaysDown(t *testing.T) {
	sup, _ := newSupervisor(t)
	ctx := limited(t)
	if err := sup.Add(spec(t, "peer.a", "sleeper"), spec(t, "peer.b", "stubborn"),
		spec(t, "orderer.a", "sleeper")); err != nil {
		t.Fatal(err)
	}
	if err := sup.Await(ctx, "all"); err != nil {
		t.Fatal(err)
	}
	pid := status(t, sup.List(), "peer.b").PID
	if err := sup.Stop(ctx, "peer"); err != nil {
		t.Fatal(err)
	}
	if alive(pid) {
		t.Error("one that ignores SIGTERM still runs")
	}
	for name, want := range map[string]node.State{
		"peer.a": node.Stopped, "peer.b": node.Stopped,
		"orderer.a": node.Ready,
	} {
		if got := status(t, sup.List(), name).State; got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	if err := sup.Await(ctx, "peer.a"); err == nil {
		t.Error("Await of a stopped process was content")
	}
	if err := sup.Start("@a"); err != nil {
		t.Fatal(err)
	}
	if err := sup.Await(ctx, "@a"); err != nil {
		t.Fatal(err)
	}
	if err := sup.Remove(ctx, "peer.b"); err != nil {
		t.Fatal(err)
	}
	if err := sup.Start("peer.b"); !errors.Is(err, node.ErrUnknown) {
		t.Errorf("start of a removed process: %v, want %v", err, node.ErrUnknown)
	}
}

func TestWaitsForNeeds(t *testing.T) {
	sup, log := newSupervisor(t)
	ctx := limited(t)
	never := spec(t, "btcd.a", "sleeper")
	never.Ready = node.Probe{File: filepath.Join(t.TempDir(), "late")}
	if err := sup.Add(never, spec(t, "oracle.a", "sleeper", "btcd.a")); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if err := sup.Await(short, "oracle.a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("await = %v", err)
	}
	if got := status(t, sup.List(), "oracle.a"); got.State != node.Waiting || got.PID != 0 {
		t.Errorf("oracle = %+v, want it waiting", got)
	}
	if err := os.WriteFile(never.Ready.File, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sup.Await(ctx, "oracle.a"); err != nil {
		t.Fatal(err)
	}
	sup.Down()
	text := log.String()
	if first, second := strings.Index(text, "msg=stopped process=oracle.a"),
		strings.Index(text, "msg=stopped process=btcd.a"); first < 0 || second < first {
		t.Errorf("what needs others didn't stop first: %s", text)
	}
}

func TestPolicyOnce(t *testing.T) {
	sup, _ := newSupervisor(t)
	ctx := limited(t)
	s := spec(t, "job.a", "failing")
	s.Policy.Once = true
	if err := sup.Add(s); err != nil {
		t.Fatal(err)
	}
	if err := sup.Await(ctx, "job.a"); err == nil {
		t.Fatal("Await was content with a process that failed")
	}
	if got := status(t, sup.List(), "job.a"); got.State != node.Ended || got.Restarts != 0 ||
		got.LastExit != "exit status 3" {
		t.Errorf("job = %+v", got)
	}
}

func TestLeavesNoGrandchild(t *testing.T) {
	sup, _ := newSupervisor(t)
	ctx := limited(t)
	s := spec(t, "parent.a", "parent")
	child := s.Ready.File + ".child"
	if err := sup.Add(s); err != nil {
		t.Fatal(err)
	}
	if err := sup.Await(ctx, "parent.a"); err != nil {
		t.Fatal(err)
	}
	pid := readPID(t, child)
	if !alive(pid) {
		t.Fatal("the test's own child doesn't run")
	}
	sup.Down()
	awaitGone(t, pid)
}

func TestRefusals(t *testing.T) {
	sup, _ := newSupervisor(t)
	good := spec(t, "peer.a", "sleeper")
	relative := good
	relative.Path = "peer"
	if err := sup.Add(good); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		err     error
		wantErr error
	}{
		{"twice", sup.Add(good), node.ErrExists},
		{"twice in one call", sup.Add(spec(t, "x.a", "sleeper"), spec(t, "x.a", "sleeper")), node.ErrExists},
		{"relative path", sup.Add(relative), node.ErrSpec},
		{"no name", sup.Add(node.Spec{Path: good.Path, Class: "x"}), node.ErrSpec},
		{"name of a path", sup.Add(spec(t, "x", "sleeper"),
			node.Spec{Name: "../x", Class: "x", Path: good.Path}), node.ErrSpec},
		{"needs nobody", sup.Add(spec(t, "y.a", "sleeper", "nobody.a")), node.ErrSpec},
		{"needs itself", sup.Add(spec(t, "y.a", "sleeper", "y.a")), node.ErrSpec},
		{"unknown selector", sup.Start("nobody"), node.ErrUnknown},
		{"unknown beside a known one", sup.Kill(t.Context(), "peer.a", "nobody"), node.ErrUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !errors.Is(tt.err, tt.wantErr) {
				t.Errorf("got %v, want %v", tt.err, tt.wantErr)
			}
		})
	}
	if got := len(sup.List()); got != 1 {
		t.Errorf("%d processes, want the good one only", got)
	}
	sup.Down()
	if err := sup.Add(spec(t, "z.a", "sleeper")); !errors.Is(err, node.ErrDown) {
		t.Errorf("add after Down: %v, want %v", err, node.ErrDown)
	}
}

func readPID(t *testing.T, file string) int {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// awaitGone waits for a process that isn't a child of this one.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	ctx := limited(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for alive(pid) {
		select {
		case <-ctx.Done():
			t.Fatalf("process %d still runs", pid)
		case <-tick.C:
		}
	}
}

func ignoreTerm() {
	c := make(chan os.Signal, 1)
	notifyTerm(c)
	go func() {
		for range c { // on purpose: nothing
		}
	}()
}

func leaveChild() {
	self, _ := os.Executable()
	file := os.Getenv("NODE_TEST_FILE") + ".child"
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "NODE_TEST_PLAYS=sleeper", "NODE_TEST_FILE="+file)
	if err := cmd.Start(); err != nil {
		os.Exit(5)
	}
	for {
		if _, err := os.Stat(file); err == nil {
			return
		}
		if err := syscall.Kill(cmd.Process.Pid, 0); err != nil {
			os.Exit(6)
		}
	}
}
