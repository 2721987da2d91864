package spv

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"testing"
)

// TestAttackClaimsOfRoom: a short transaction that claims millions of inputs or outputs, or a script of
// megabytes, must not make an endorser allocate for them: a buyer can send hundreds at once.
func TestAttackClaimsOfRoom(t *testing.T) {
	txs := block(5)
	root := rootOf(txs)
	honest, err := NewProof(txs, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Prove(honest, &root); err != nil {
		t.Fatal(err)
	}
	input := slices.Concat(make([]byte, 36), []byte{0}, make([]byte, 4))
	for name, raw := range map[string][]byte{
		"inputs": slices.Concat([]byte{2, 0, 0, 0, 0xfe, 0x00, 0x70, 0x0c, 0x00}, input,
			make([]byte, 40)),
		"outputs": slices.Concat([]byte{2, 0, 0, 0, 1}, input,
			[]byte{0xfe, 0x00, 0x80, 0x38, 0x00}, make([]byte, 40)),
		"a script": slices.Concat([]byte{2, 0, 0, 0, 1}, make([]byte, 36),
			[]byte{0xfe, 0x00, 0x00, 0xe0, 0x01}, make([]byte, 40)),
		"more than there is": slices.Concat([]byte{2, 0, 0, 0, 0xff}, bytes.Repeat([]byte{0xff}, 8),
			input, make([]byte, 40)),
		"a number that is cut off": {2, 0, 0, 0, 0xff, 1},
		"nothing":                  {},
	} {
		t.Run(name, func(t *testing.T) {
			p := *honest
			p.Tx = raw
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Prove(&p, &root)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrTransaction) {
				t.Errorf("got %v", err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("%d bytes of transaction made us allocate %d", len(raw), got)
			}
		})
	}
}

// TestAttackAllFinalAtOnce: when attestations end and work alone decides, every block since the start is due.
// No step takes them all, each takes some, and none is passed over.
func TestAttackAllFinalAtOnce(t *testing.T) {
	m, mi := chain(t, "mainnet", 2)
	for range 5 {
		submit(t, m, mi, mi.run(MaxHeaders)...)
	}
	mi.rules.Attestations = 0
	from := mi.at.Height - 5*MaxHeaders
	for step, due := range []int{maxFinal, maxFinal, 5*MaxHeaders + 3 - 6 + 1 - 2*maxFinal, 1} {
		c := submit(t, m, mi, mi.next(600))
		if len(c.Final) != due {
			t.Fatalf("step %d: got %d final, want %d", step, len(c.Final), due)
		}
		for _, b := range c.Final {
			if from++; b.Height != from {
				t.Fatalf("step %d: got height %d, want %d", step, b.Height, from)
			}
		}
	}
}
