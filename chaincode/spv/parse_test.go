package spv

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

func TestParse(t *testing.T) {
	hash := strings.Repeat("0f", 32)
	for text, want := range map[string]Height{"0": 0, "7": 7, "4294967295": 1<<32 - 1} {
		if got, err := ParseHeight(text); got != want || err != nil {
			t.Errorf("height %s: got %d, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "-1", "+1", "07", "4294967296", "1.0", " 1", "one"} {
		if got, err := ParseHeight(bad); !errors.Is(err, ledger.ErrDecimal) {
			t.Errorf("height %q: got %d, %v", bad, got, err)
		}
	}
	if b, err := ParseBlock("7", hash); err != nil || b.Height != 7 || b.Hash.String() != hash {
		t.Errorf("got %v, %v", b, err)
	}
	if _, err := ParseBlock("7", strings.ToUpper(hash)); !errors.Is(err, ledger.ErrID) {
		t.Errorf("a hash in capitals: got %v", err)
	}
	header := strings.Repeat("00", HeaderSize)
	for _, c := range []struct {
		name string
		list []string
		want error
	}{
		{"one", []string{header}, nil},
		{"as many as one step takes", slices.Repeat([]string{header}, MaxHeaders), nil},
		{"one more", slices.Repeat([]string{header}, MaxHeaders+1), ErrTooMany},
		{"a byte less", []string{header[2:]}, ErrHeader},
		{"not hex", []string{"zz" + header[2:]}, ErrHeader},
	} {
		if got, err := ParseHeaders(c.list); !errors.Is(err, c.want) || err == nil && len(got) != len(c.list) {
			t.Errorf("%s: got %d, %v", c.name, len(got), err)
		}
	}
}

// TestReads: what the functions that only read return of a chain of eight blocks.
func TestReads(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	if err := (Change{}).CheckNew(); !errors.Is(err, ErrNothingNew) {
		t.Errorf("nothing new: got %v", err)
	}
	submit(t, m, mi, mi.run(7)...)
	tip, err := TipRecord(m)
	if err != nil || tip.Height != 7 {
		t.Fatalf("got %d, %v", tip.Height, err)
	}
	hash, _, err := m.HashAt(2)
	if err != nil {
		t.Fatal(err)
	}
	r, active, err := HeaderAt(m, hash)
	if err != nil || !active || r.View(active, &tip).Depth != 6 {
		t.Errorf("got active %v, depth %d, %v", active, r.View(active, &tip).Depth, err)
	}
	if v := r.View(false, &tip); v.Depth != 0 || v.Hash != hash.String() || v.Height != 2 {
		t.Errorf("off the chain of most work: got %+v", v)
	}
	if _, _, err := HeaderAt(m, r.Merkle); !errors.Is(err, ErrUnknownBlock) {
		t.Errorf("no block: got %v", err)
	}
}
