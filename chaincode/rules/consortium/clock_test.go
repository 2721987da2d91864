package consortium_test

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "1796000000": 1_796_000_000, "253402300799": 253_402_300_799} {
		if got, err := consortium.ParseTime(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	for _, bad := range []string{
		"", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "253402300800",
		"99999999999999999999",
	} {
		if _, err := consortium.ParseTime(bad); !errors.Is(err, consortium.ErrTime) {
			t.Errorf("%q: got %v, want %v", bad, err, consortium.ErrTime)
		}
	}
}

func TestTick(t *testing.T) {
	limits := consortium.Limits{ClockSkew: 10, EpochSeconds: 600}
	at := consortium.Clock{Time: 6000, Tick: 7}
	epoch := consortium.Epoch{Number: 10, Start: 6000}
	for _, c := range []struct {
		name          string
		before        consortium.Clock
		epoch         consortium.Epoch
		proposed, own int64
		want          consortium.Clock
		wantEpoch     consortium.Epoch
		changed       bool
		wantErr       error
	}{
		{
			"the first",
			consortium.Clock{},
			consortium.Epoch{},
			6000, 6000,
			consortium.Clock{Time: 6000, Tick: 1},
			epoch, true, nil,
		},
		{"a second later", at, epoch, 6001, 6001, consortium.Clock{Time: 6001, Tick: 8}, epoch, false, nil},
		{
			"the next epoch", at, epoch, 6600, 6600,
			consortium.Clock{Time: 6600, Tick: 8},
			consortium.Epoch{Number: 11, Start: 6600},
			true, nil,
		},
		{"as far ahead as allowed", at, epoch, 6020, 6010, consortium.Clock{Time: 6020, Tick: 8}, epoch, false, nil},
		{
			"further ahead", at, epoch, 6021, 6010,
			consortium.Clock{},
			consortium.Epoch{},
			false,
			consortium.ErrTickSkew,
		},
		{"as far behind as allowed", at, epoch, 6010, 6020, consortium.Clock{Time: 6010, Tick: 8}, epoch, false, nil},
		{
			"further behind", at, epoch, 6010, 6021,
			consortium.Clock{},
			consortium.Epoch{},
			false,
			consortium.ErrTickSkew,
		},
		{
			"the same time", at, epoch, 6000, 6000,
			consortium.Clock{},
			consortium.Epoch{},
			false,
			consortium.ErrTickBack,
		},
		{
			"an earlier time", at, epoch, 5999, 6000,
			consortium.Clock{},
			consortium.Epoch{},
			false,
			consortium.ErrTickBack,
		},
		{
			"an epoch that was numbered higher", at,
			consortium.Epoch{Number: 99},
			6600, 6600,
			consortium.Clock{Time: 6600, Tick: 8},
			consortium.Epoch{Number: 99},
			false, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock, epoch, changed, err := consortium.Tick(limits, c.before, c.epoch, c.proposed, c.own)
			if clock != c.want || epoch != c.wantEpoch || changed != c.changed || !errors.Is(err, c.wantErr) {
				t.Errorf("got %+v, %+v, %v, %v", clock, epoch, changed, err)
			}
		})
	}
}

func TestFresh(t *testing.T) {
	limits := consortium.Limits{ClockSkew: 10, ClockAge: 180}
	for _, c := range []struct {
		name                    string
		clock, transaction, own int64
		want                    error
	}{
		{"all agree", 6000, 6000, 6000, nil},
		{"as far as allowed", 5830, 6000, 6010, nil},
		{"a proposal too old", 6000, 5989, 6000, consortium.ErrTransaction},
		{"a proposal from the future", 6000, 6011, 6000, consortium.ErrTransaction},
		{"the ledger's clock is too old", 5819, 6000, 6000, consortium.ErrStale},
		{"the ledger's clock is ahead", 6181, 6000, 6000, consortium.ErrStale},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := consortium.Fresh(limits, consortium.Clock{Time: c.clock}, c.transaction,
				c.own); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
