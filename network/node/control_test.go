package node_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/guildmark/guildmark/network/node"
)

func notifyTerm(c chan os.Signal) { signal.Notify(c, syscall.SIGTERM) }

// supervise plays the daemon.
func supervise(socket string) {
	sup := node.New(filepath.Dir(socket), slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err := node.Serve(sup, socket); err != nil {
		os.Exit(7)
	}
	os.Exit(0)
}

// daemon runs a supervisor as a process of its own.
func daemon(t *testing.T, dir string) (*node.Client, *exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "supervisor.sock")
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "NODE_TEST_PLAYS=supervisor", "NODE_TEST_FILE="+socket)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // gone already when the test went well
		_ = cmd.Wait()
	})
	client := node.Dial(socket)
	ctx := limited(t)
	for {
		pid, err := client.PID(ctx)
		if err == nil && pid == cmd.Process.Pid {
			return client, cmd, socket
		}
		if ctx.Err() != nil {
			t.Fatalf("supervisor doesn't answer: %v", err)
		}
	}
}

func TestClient(t *testing.T) {
	client, _, socket := daemon(t, t.TempDir())
	ctx := limited(t)
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("socket has mode %v, want 0600", got)
	}
	if err := client.Add(ctx, spec(t, "peer.a", "sleeper"), spec(t, "oracle.a", "sleeper", "peer.a")); err != nil {
		t.Fatal(err)
	}
	if err := client.Await(ctx, "all"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(client.Kill(ctx, "peer.a"), client.Await(ctx, "peer.a"),
		client.Restart(ctx, "oracle"), client.Await(ctx, "oracle")); err != nil {
		t.Fatal(err)
	}
	list, err := client.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if peer := status(t, list, "peer.a"); peer.Restarts != 1 || peer.Partner != "a" || peer.Class != "peer" {
		t.Errorf("peer = %+v", peer)
	}
	if err := client.Add(ctx, spec(t, "peer.a", "sleeper")); !errors.Is(err, node.ErrExists) {
		t.Errorf("add twice over the socket: %v, want %v", err, node.ErrExists)
	}
	if err := client.Stop(ctx, "nobody"); !errors.Is(err, node.ErrUnknown) {
		t.Errorf("stop of nobody over the socket: %v, want %v", err, node.ErrUnknown)
	}
	for word, want := range map[string]string{
		"perr": `"perr"; near it: peer, peer.a`,
		"orac": "near it: oracle, oracle.a", "x": "there are peer, @a, oracle, all",
	} {
		if err := client.Start(ctx, word); !errors.Is(err, node.ErrUnknown) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("start %s: %v, want %q", word, err, want)
		}
	}
	if err := client.Down(ctx); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if alive(s.PID) {
			t.Errorf("%s runs after Down", s.Name)
		}
	}
	if _, err := client.List(ctx); !errors.Is(err, node.ErrDown) {
		t.Errorf("list after Down: %v, want %v", err, node.ErrDown)
	}
}

func TestLongSocketPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	client, _, _ := daemon(t, dir)
	if err := client.Down(limited(t)); err != nil {
		t.Fatal(err)
	}
}

func TestChildrenDieWithTheSupervisor(t *testing.T) {
	client, cmd, _ := daemon(t, t.TempDir())
	ctx := limited(t)
	if err := errors.Join(client.Add(ctx, spec(t, "peer.a", "sleeper"), spec(t, "peer.b", "stubborn")),
		client.Await(ctx, "all")); err != nil {
		t.Fatal(err)
	}
	list, err := client.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed", as asked
	for _, s := range list {
		awaitGone(t, s.PID)
	}
}

func TestHold(t *testing.T) {
	tests := []struct {
		name    string
		release bool
	}{
		{"who goes away without release takes the network down", false},
		{"after release it lives on", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, cmd, _ := daemon(t, t.TempDir())
			ctx := limited(t)
			if err := errors.Join(client.Add(ctx, spec(t, "peer.a", "sleeper")),
				client.Await(ctx, "all")); err != nil {
				t.Fatal(err)
			}
			if tt.release {
				holding := make(chan error, 1)
				go func() { holding <- client.Hold(ctx) }()
				if err := errors.Join(client.Release(ctx), <-holding, client.Await(ctx, "peer.a")); err != nil {
					t.Errorf("after release: %v", err)
				}
				return
			}
			held, goAway := context.WithTimeout(ctx, 200*time.Millisecond)
			defer goAway()
			if err := client.Hold(held); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("hold = %v, want it to last until its caller goes away", err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("supervisor: %v", err)
				}
			case <-ctx.Done():
				t.Error("supervisor still runs")
			}
		})
	}
}
