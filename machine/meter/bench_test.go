package meter_test

import (
	"testing"
	"time"

	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

// BenchmarkUse is row 24 of tests/bench/README.md: wall time of a metered use over the time that its commands
// took.
func BenchmarkUse(b *testing.B) {
	bench := newBench(b, "first", 2)
	bench.granted(1 << 30)
	r := tpm.NewRecorder(bench.conn)
	m, err := meter.Open(r, bench.path)
	if err != nil {
		b.Fatal(err)
	}
	var sum time.Duration
	commands := 0
	for b.Loop() {
		s, err := m.Use()
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		for _, c := range r.Take() {
			sum += c.Took
			commands++
		}
	}
	b.ReportMetric(float64(commands)/float64(b.N), "commands/op")
	b.ReportMetric(float64(b.Elapsed())/float64(sum), "wall/commands")
}
