package consortium

import "strconv"

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

// Tick moves the ledger's clock to the proposed time (T7), which must lie near the endorser's own clock, own, and
// after the clock before. It gives the epoch too, and whether that changed (T8). before and epoch are zero at first.
func Tick(l Limits, before Clock, epoch Epoch, proposed, own int64) (Clock, Epoch, bool, error) {
	if distance(proposed, own) > l.ClockSkew {
		return Clock{}, Epoch{}, false, ErrTickSkew.With(strconv.FormatInt(proposed-own, 10) + " s")
	}
	if proposed <= before.Time {
		return Clock{}, Epoch{}, false, ErrTickBack.With(strconv.FormatInt(proposed, 10))
	}
	next := Clock{Time: proposed, Tick: before.Tick + 1}
	number := max(proposed/l.EpochSeconds, epoch.Number) // a governed change of the length never turns epochs back
	if number == epoch.Number {
		return next, epoch, false, nil
	}
	return next, Epoch{Number: number, Start: proposed}, true, nil
}

// Fresh judges whether an endorser may sign an answer now (T7): the transaction's timestamp and the ledger's clock
// must both be near its own clock. Peers that lag behind the ledger refuse themselves.
func Fresh(l Limits, c Clock, transaction, own int64) error {
	if distance(transaction, own) > l.ClockSkew {
		return ErrTransaction.With(strconv.FormatInt(transaction-own, 10) + " s")
	}
	if distance(c.Time, own) > l.ClockAge {
		return ErrStale.With(strconv.FormatInt(c.Time-own, 10) + " s")
	}
	return nil
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
