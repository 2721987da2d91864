package consortium

import "strconv"

// Clock is the ledger's own time (T7), key clock.
type Clock struct {
	Time int64 `json:"time"` // Unix seconds, as k partners' processes confirmed
	Tick int64 `json:"tick"` // counts ticks
}

// Epoch is the coarse time that writes judge by (T8), key epoch.
type Epoch struct {
	Number int64 `json:"number"` // Clock.Time / EpochSeconds at its first tick
	Start  int64 `json:"start"`  // Unix seconds
}

// ParseTime reads a count of Unix seconds written in plain decimal digits.
func ParseTime(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > maxTime || strconv.FormatInt(n, 10) != text {
		return 0, ErrTime.With(text)
	}
	return n, nil
}

// maxTime is the year 9999, so that no sum of times overflows.
const maxTime = 253_402_300_799

// Tick moves the ledger's clock to the proposed time (T7), which must lie near the endorser's own clock, own,
// and after the clock before. It gives the epoch too, and whether that changed (T8). before and epoch are
// zero at first.
func Tick(l Limits, before Clock, epoch Epoch, proposed, own int64) (Clock, Epoch, bool, error) {
	if distance(proposed, own) > l.ClockSkew {
		return Clock{}, Epoch{}, false, ErrTickSkew.With(apart(proposed-own, l.ClockSkew))
	}
	if proposed <= before.Time {
		return Clock{}, Epoch{}, false, ErrTickBack.Field("time", proposed, "more than "+
			strconv.FormatInt(before.Time, 10))
	}
	next := Clock{Time: proposed, Tick: before.Tick + 1}
	number := max(proposed/l.EpochSeconds, epoch.Number) // a governed change of the length never turns epochs back
	if number == epoch.Number {
		return next, epoch, false, nil
	}
	return next, Epoch{Number: number, Start: proposed}, true, nil
}

// Fresh judges whether an endorser may sign an answer now (T7): the transaction's timestamp and the ledger's
// clock must both be near its own clock. So a peer that lags behind the ledger does not sign.
func Fresh(l Limits, c Clock, transaction, own int64) error {
	if distance(transaction, own) > l.ClockSkew {
		return ErrTransaction.With(apart(transaction-own, l.ClockSkew))
	}
	if distance(c.Time, own) > l.ClockAge {
		return ErrStale.With(apart(c.Time-own, l.ClockAge))
	}
	return nil
}

// apart says how far a time is from the endorser's clock.
func apart(seconds, most int64) string {
	return strconv.FormatInt(seconds, 10) + " s, expected at most " + strconv.FormatInt(most, 10) + " s either way"
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
