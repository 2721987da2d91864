package meter_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
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

// With the runtime key's seed persisted and opened in the same session, a job takes one command more.
func TestJobTakesSevenCommands(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	seed := bytes.Repeat([]byte{0x17}, 32)
	sealed, err := b.tpm.Import(b.wrap(seed, tpmpolicy.Digest{}))
	if err != nil {
		t.Fatal(err)
	}
	sealed, kept, err := b.tpm.Persist(sealed, tpm.RuntimeKeyHandle)
	if err != nil || !kept {
		t.Fatalf("kept %v, %v", kept, err)
	}
	armed, err := b.meter.Armed()
	if err != nil {
		t.Fatal(err)
	}
	r := tpm.NewRecorder(b.conn)
	m, err := tpm.Attach(r, b.tpm.Keys())
	if err != nil {
		t.Fatal(err)
	}
	u, err := meter.Begin(m, armed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := u.Plain(sealed)
	if err != nil || !bytes.Equal(got, seed) {
		t.Fatalf("got another seed, %v", err)
	}
	upper, err := u.Upper()
	if err != nil {
		t.Fatal(err)
	}
	lower, err := u.Lower()
	if err != nil {
		t.Fatal(err)
	}
	for i := range lower {
		lower[i] ^= upper[i]
	}
	if !bytes.Equal(lower, b.share) {
		t.Error("got another share")
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.Take()); n != 7 {
		t.Errorf("got %d commands, want 7", n)
	}
	b.noLeak()
}
