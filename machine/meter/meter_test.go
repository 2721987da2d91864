package meter_test

import (
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"guildmark/machine/meter"
	"guildmark/machine/tpm"
)

func TestHonestUse(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	for n := range uint32(3) {
		b.use()
		b.pin(n+1, 3)
	}
	_, err := b.meter.Use()
	t.Log(err)
	b.refused(err, tpm2.TPMRCAuthUnavailable)
	b.pin(3, 3)
	b.noLeak()
}

func TestUseTakesSixCommands(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(200)
	r := tpm.NewRecorder(b.conn)
	m, err := meter.Open(r, b.path)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		begin := time.Now()
		s, err := m.Use()
		if err != nil {
			t.Fatal(err)
		}
		wall := time.Since(begin)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		commands := r.Take()
		writes := 0
		var sum time.Duration
		for _, c := range commands {
			sum += c.Took
			if c.WritesNV() {
				writes++
			}
		}
		if len(commands) > 6 || writes != 1 {
			t.Errorf("got %d commands and %d NV writes, want at most 6 and 1", len(commands), writes)
		}
		t.Logf("%d commands %v, wall %v", len(commands), sum, wall)
	}
}
