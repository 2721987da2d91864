// Package story tells stories across the real processes: what happens when one of them is killed at any step of
// a sale, what one oracle alone can settle, what the gateway refuses, and where secrets must not be.
//
// It refuses to run on anything but the built programs: a missing one is a failure that names the command.
package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
	"github.com/guildmark/guildmark/tests/stage"
)

const (
	pocketMoney = 2_000_000 // satoshi that the faucet gives the machine
	patience    = 2 * time.Minute
)

// scene is the one network of this package, with two machines of two buyers. The stories follow each other on it.
type scene struct {
	*stage.Stage

	log          string // what the programs printed
	mixer, other *stage.Box
	orders       uint32 // that the mixer has placed
}

// TestMain has no other way to hand it to the tests
var on scene

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	root, err := filepath.Abs("../..")
	if err == nil {
		err = programs(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests/story:", err)
		return 1
	}
	dir, err := os.MkdirTemp("", "guildmark-story-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "tests/story:", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	tests := make(chan int, 1)
	err = on.set(ctx, root, dir)
	if err == nil {
		go func() { tests <- m.Run() }()
		select {
		case code = <-tests:
		case <-ctx.Done():
			code = 130
		}
	}
	if on.Stage != nil {
		err = errors.Join(err, on.Close())
	}
	if err != nil {
		said, _ := os.ReadFile(on.log) // empty when the story ended before it began
		fmt.Fprintf(os.Stderr, "tests/story: %v\n%s\n", err, said)
		code = max(code, 1)
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "tests/story:", err)
		code = max(code, 1)
	}
	return code
}

// programs names the command that makes what is missing.
func programs(root string) error {
	for command, files := range map[string][]string{
		"make build": {
			"build/bin/chaincode", "build/bin/network", "build/bin/partner", "build/bin/gateway",
			"build/bin/auth", "build/bin/machine", "build/bin/guildmark",
		},
		"make tools": {
			"build/tools/peer", "build/tools/orderer", "build/tools/fabric-ca-server",
			"build/tools/btcd", "build/tools/configtxgen",
		},
	} {
		for _, f := range files {
			if _, err := os.Stat(filepath.Join(root, f)); err != nil {
				return fmt.Errorf("%w: run `%s` in %s", err, command, root)
			}
		}
	}
	return nil
}

// set brings everything up that the stories need.
func (s *scene) set(ctx context.Context, root, dir string) error {
	s.log = filepath.Join(dir, "story.log")
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	//nolint:contextcheck // it only looks whether an earlier stage still stands
	if s.Stage, err = stage.New(root, filepath.Join(dir, "stage"), io.Writer(log)); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return s.Raise(ctx, s.Tools) },
		func(context.Context) error { return s.OpenBitcoin() },
		s.ripen, s.FetchBundle, s.machines,
		func(ctx context.Context) error { return s.Fund(ctx, s.mixer, pocketMoney) },
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) ripen(ctx context.Context) error {
	if _, err := s.Bitcoin.Generate(ctx, stage.Ripe); err != nil {
		return err
	}
	return s.follow(ctx)
}

// follow waits until the ledger knows all of the chain.
func (s *scene) follow(ctx context.Context) error {
	best, err := s.Bitcoin.Best(ctx)
	if err != nil {
		return err
	}
	_, err = s.AwaitTip(ctx, patience, int64(best))
	return err
}

func (s *scene) machines(ctx context.Context) error {
	maker, err := swtpm.NewAuthority(filepath.Join(s.Dir, "tpm-maker"))
	if err != nil {
		return err
	}
	for name, to := range map[string]**stage.Box{"mixer": &s.mixer, "other": &s.other} {
		if *to, err = s.MakeBox(ctx, maker, name); err != nil {
			return err
		}
	}
	if err := s.TrustMaker(maker); err != nil {
		return err
	}
	if _, err := s.Enroll(ctx, s.mixer, "buyer1"); err != nil {
		return err
	}
	_, err = s.Enroll(ctx, s.other, "buyer2")
	return err
}

// order reads an order with its state.
func (s *scene) order(t *testing.T, id string) order.View {
	t.Helper()
	var view order.View
	if err := s.Read(t.Context(), &view, "orders:Get", id); err != nil {
		t.Fatal(err)
	}
	return view
}
