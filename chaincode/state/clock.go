package state

import "github.com/guildmark/guildmark/chaincode/rules/consortium"

// Clock loads the ledger's own time.
func (t *Transaction) Clock() (consortium.Clock, error) {
	return load[consortium.Clock](t, consortium.ClockKey(), consortium.ErrNoClock)
}

// Epoch is the number of the ledger's coarse time, which every write that depends on time reads (T8).
func (t *Transaction) Epoch() (int64, error) {
	e, err := load[consortium.Epoch](t, consortium.EpochKey(), consortium.ErrNoClock)
	return e.Number, err
}

// LastTick loads what the last tick wrote, zero values before the first.
func (t *Transaction) LastTick() (consortium.Clock, consortium.Epoch, error) {
	clock, _, err := find[consortium.Clock](t, consortium.ClockKey())
	if err != nil {
		return clock, consortium.Epoch{}, err
	}
	epoch, _, err := find[consortium.Epoch](t, consortium.EpochKey())
	return clock, epoch, err
}

// PutClock stores the ledger's own time.
func (t *Transaction) PutClock(c consortium.Clock) error { return t.put(consortium.ClockKey(), c) }

// PutEpoch stores the ledger's coarse time.
func (t *Transaction) PutEpoch(e consortium.Epoch) error { return t.put(consortium.EpochKey(), e) }
