package holding

import (
	"testing"

	"github.com/guildmark/guildmark/machine/folder"
)

func TestFloor(t *testing.T) {
	const noon = 1_800_000_000
	at := Floor{Time: noon, Clock: 5_000}
	tests := []struct {
		name string
		got  Floor
		want int64
	}{
		{"the TPM ran for ten seconds", at.Advance(15_000), noon + 10},
		{"less than a second adds nothing yet", at.Advance(5_900), noon},
		{"and is not lost", at.Advance(5_900).Advance(6_800).Advance(7_100), noon + 2},
		{"a power cut rolled the TPM's clock back", at.Advance(3_500), noon},
		{"after which it counts on from there", at.Advance(3_500).Advance(4_500), noon + 1},
		{"a newer signed answer raises it", at.Raise(noon+3600, 6_000), noon + 3600},
		{"an older one doesn't lower it", at.Raise(noon-3600, 6_000), noon + 1},
		{"an answer that is older than what the TPM ran", at.Raise(noon+5, 15_000), noon + 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got.Time != tt.want {
				t.Errorf("got %d, want %d", tt.got.Time, tt.want)
			}
		})
	}
}

func TestFloorIsStored(t *testing.T) {
	f, err := folder.Open(t.TempDir())
	must(t, err)
	defer func() { must(t, f.Close()) }()
	s := Store{f}
	steps := []struct {
		clock  uint64
		signed []int64
		want   int64
	}{
		{1_000, nil, 0},
		{1_000, []int64{1_000_000}, 1_000_000},
		{61_000, nil, 1_000_060},
		{61_000, []int64{999}, 1_000_060},
		{10, nil, 1_000_060},
	}
	for i, step := range steps {
		f, err := s.floor(step.clock, step.signed...)
		must(t, err)
		if f.Time != step.want {
			t.Errorf("step %d: floor %d, want %d", i, f.Time, step.want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
