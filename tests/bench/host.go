package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// loadAverage is the machine's, over 1, 5 and 15 minutes.
func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}

// host says on what was measured.
func host() string {
	model := "unknown CPU"
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer func() { _ = f.Close() }()
		for s := bufio.NewScanner(f); s.Scan(); {
			if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s/%s, %s, %d CPUs, GOMAXPROCS %d, shared with other work", runtime.GOOS,
		runtime.GOARCH, model, runtime.NumCPU(), runtime.GOMAXPROCS(0))
}

// versions notes what ran.
func (b *bench) versions(ctx context.Context) map[string]string {
	found := map[string]string{"go": runtime.Version()}
	for program, args := range map[string][]string{
		filepath.Join(b.tools, "peer"): {"version"}, filepath.Join(b.tools, "btcd"): {"--version"},
		"swtpm": {"--version"}, filepath.Join(b.bin, "network"): {"--version"},
	} {
		out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
		if err != nil {
			continue // a tool that rows need is asked for by those rows
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		text := strings.TrimSpace(lines[0])
		for _, l := range lines {
			if v, ok := strings.CutPrefix(strings.TrimSpace(l), "Version: "); ok {
				text = v
				break
			}
		}
		found[filepath.Base(program)] = text
	}
	return found
}

// progress tells on standard error where a run stands, at most once a second.
type progress struct {
	out   io.Writer
	began time.Time
	last  time.Time
}

func (p *progress) say(format string, args ...any) {
	p.last = time.Now()
	printf(p.out, "%5.0f s  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

func (p *progress) step(id RowID, pair, of int) {
	if pair > 0 && time.Since(p.last) < time.Second {
		return
	}
	if pair == 0 {
		p.say("row %s: warm-up (load %s)", id, loadAverage())
		return
	}
	p.say("row %s: pair %d of %d", id, pair, of)
}
