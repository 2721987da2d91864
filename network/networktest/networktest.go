// Package networktest gives tests a running network: one shared by a package's tests, or by all packages when
// GUILDMARK_TEST_NETWORK names its connection.json.
//
// Does not skip a test: a missing program fails it with the command that builds the program. Leaves no
// process behind, also when tests fail or panic.
//
// Read Network first. A package's TestMain MUST be [Main]; tests call [Network] or, when they stop processes
// for good, [Private].
package networktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// Environment names a running network's connection.json, to attach to instead of starting one.
const Environment = "GUILDMARK_TEST_NETWORK"

// Running is a network that is up.
type Running struct {
	Connection topology.Connection
	Control    *node.Client
	Made       *play.Network // nil when attached to one that somebody else started
	Took       time.Duration // from nothing to ready; 0 when attached
}

// shared is the one network of this test binary.
type shared struct {
	once    sync.Once
	running *Running
	err     error
	dir     string // to remove; "" when attached
}

// a test binary has one shared network; TestMain and the tests have no other way to hand it on
var one shared

// Main runs the package's tests and stops the shared network afterwards.
func Main(m *testing.M) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		one.stop()
		os.Exit(130)
	}()
	code := m.Run()
	one.stop()
	os.Exit(code)
}

// Network is the shared network, started at first use.
func Network(t *testing.T) *Running {
	t.Helper()
	one.once.Do(func() {
		if path := os.Getenv(Environment); path != "" {
			one.running, one.err = attach(path)
			return
		}
		one.dir, one.err = os.MkdirTemp("", "guildmark-net-") //nolint:usetesting // it outlives the test that starts it
		if one.err == nil {
			one.running, one.err = start(context.WithoutCancel(t.Context()), filepath.Join(one.dir, "net"), Config{})
		}
	})
	if one.err != nil {
		t.Fatalf("shared network: %v", one.err)
	}
	return one.running
}

// Config is what may differ in a private network.
type Config struct {
	Consensus topology.Consensus
	Chaincode string // a binary; default: the product's
	MineTo    string
}

// Private starts a network for one test, which is stopped and removed when the test ends.
func Private(t *testing.T, c Config) *Running {
	t.Helper()
	dir, err := os.MkdirTemp("", "guildmark-net-") //nolint:usetesting // processes must be gone before it is removed
	if err != nil {
		t.Fatal(err)
	}
	running, err := start(t.Context(), filepath.Join(dir, "net"), c)
	t.Cleanup(func() {
		if running != nil {
			stop(t.Errorf, running.Control)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatalf("private network: %v", err)
	}
	return running
}

func attach(path string) (*Running, error) {
	conn, err := topology.ReadConnection(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Environment, err)
	}
	return &Running{Connection: conn, Control: node.Dial(conn.ControlSocket)}, nil
}

func start(ctx context.Context, dir string, c Config) (*Running, error) {
	programs, err := Programs(ctx)
	if err != nil {
		return nil, err
	}
	if c.Chaincode != "" {
		programs.Chaincode = c.Chaincode
	}
	t, err := topology.Default()
	if err != nil {
		return nil, err
	}
	if c.Consensus != "" {
		t.Consensus = c.Consensus
	}
	began := time.Now()
	n, err := play.Launch(ctx, play.Options{
		Dir: dir, Programs: programs, Topology: t,
		Config: play.Config{MineTo: c.MineTo},
	})
	if err != nil {
		return nil, err
	}
	running, err := attach(n.Layout().Connection())
	if err != nil {
		return nil, errors.Join(err, n.Control().Down(ctx))
	}
	running.Made, running.Took = n, time.Since(began)
	return running, nil
}

func (s *shared) stop() {
	if s.dir == "" {
		return
	}
	if s.running != nil {
		stop(func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }, s.running.Control)
	}
	_ = os.RemoveAll(s.dir) // the network's own folder under the system's temporary one
}

func stop(complain func(string, ...any), control *node.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := control.Down(ctx); err != nil && !errors.Is(err, node.ErrDown) {
		complain("stop network: %v", err)
	}
}

// Programs builds the network command and the chaincode into build/test/bin as `make build` does, and finds
// the foreign tools.
func Programs(ctx context.Context) (process.Programs, error) {
	root, err := Root()
	if err != nil {
		return process.Programs{}, err
	}
	p := process.Programs{Tools: filepath.Join(root, "build", "tools")}
	if p.Network, err = Build(ctx, "./network/cmd/network"); err != nil {
		return p, err
	}
	p.Chaincode, err = Build(ctx, "./chaincode/cmd/chaincode")
	return p, err
}

// Build builds one command of this module and returns its path. Test binaries of several packages may do so
// at once.
func Build(ctx context.Context, pkg string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	to := filepath.Join(root, "build", "test", "bin", filepath.Base(pkg))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", fmt.Errorf("build %s: %w", pkg, err)
	}
	lock, err := os.OpenFile(to+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", pkg, err)
	}
	defer func() { _ = lock.Close() }() // releases the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("build %s: %w", pkg, err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", to, pkg) //nolint:gosec // packages are named by tests
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, said)
	}
	return to, nil
}

// Root is the folder of go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("module root: %w", err)
	}
	for {
		if raw, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil &&
			strings.HasPrefix(string(raw), "module github.com/guildmark/guildmark\n") {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("module root: no go.mod of github.com/guildmark/guildmark above the working folder")
		}
		dir = parent
	}
}

// Relaunch brings a network up again that was taken down, on its ledger from before.
func (r *Running) Relaunch(t *testing.T) {
	t.Helper()
	state := r.Made.State()
	n, err := play.Launch(t.Context(), play.Options{
		Dir: r.Connection.Directory, Programs: r.Made.Programs(),
		Topology: state.Topology,
	})
	if err != nil {
		t.Fatalf("relaunch: %v", err)
	}
	r.Made = n
}
