package play_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/network/networktest"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// folder is a short-named folder of the test's own; nothing may run in it when the test ends.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "guildmark-launch-") //nolint:usetesting // t.TempDir would be removed before the check that nothing runs in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left := mentioning(t, dir); len(left) != 0 {
			t.Errorf("processes left: %v", left)
			// after the failure that was told
			_ = node.Dial(play.Layout{Dir: filepath.Join(dir,
				"net")}.Socket()).Down(context.WithoutCancel(t.Context()))
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "net")
}

func TestInterruptedUpLeavesNothing(t *testing.T) {
	programs, err := networktest.Programs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{
		"supervisor runs", "certificate authorities run",
		"orderers, peers, chaincode and Bitcoin nodes run",
	} {
		t.Run(at, func(t *testing.T) {
			dir := folder(t)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			_, err := play.Launch(ctx, play.Options{
				Dir: dir, Programs: programs, Topology: top,
				Config: play.Config{Report: func(step string) {
					if step == at {
						interrupt()
					}
				}},
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Launch = %v, want %v", err, context.Canceled)
			}
			eventually(t, "nothing runs", func() error {
				if left := mentioning(t, dir); len(left) != 0 {
					return fmt.Errorf("%v", left)
				}
				return nil
			})
		})
	}
}

func TestKilledUpLeavesNothing(t *testing.T) {
	programs, err := networktest.Programs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	cmd := exec.Command(programs.Network, "up", "--dir", dir, "--tools", programs.Tools, "--chaincode",
		programs.Chaincode)
	progress, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(progress)
	seen := false
	for !seen && lines.Scan() {
		t.Log(lines.Text())
		seen = strings.Contains(lines.Text(), "certificate authorities run")
	}
	if !seen {
		t.Error("up ended, or tells no progress on standard error: it was not killed in the middle")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed", as asked
	eventually(t, "nothing runs", func() error {
		if left := mentioning(t, dir); len(left) != 0 {
			return fmt.Errorf("%v", left)
		}
		return nil
	})
}

func TestLaunchRefuses(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := play.Launch(t.Context(),
		play.Options{
			Dir: folder(t), Topology: top,
			Programs: process.Programs{Tools: t.TempDir()},
		}); !errors.Is(err, process.ErrTool) {
		t.Errorf("without tools: %v, want %v", err, process.ErrTool)
	} else if !strings.Contains(err.Error(), "make tools") {
		t.Errorf("the message names no remedy: %v", err)
	}
	precious := t.TempDir()
	if err := os.WriteFile(filepath.Join(precious, "thesis.tex"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := play.Wipe(precious); !errors.Is(err, play.ErrState) {
		t.Errorf("wipe of a folder that is no network's: %v, want %v", err, play.ErrState)
	}
	if _, err := os.Stat(filepath.Join(precious, "thesis.tex")); err != nil {
		t.Error("it was removed all the same")
	}
}
