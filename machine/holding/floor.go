package holding

import (
	"errors"
	"io/fs"
)

const floorFile = "floor.json"

// Floor is what the machine knows of time without asking: it is not earlier than Time, plus what the TPM's
// clock has advanced since that was written. It never falls (machine/tpm/docs/tpm.md, Time).
type Floor struct {
	Format string `json:"format"` // "guildmark/floor/1"
	Time   int64  `json:"time"`   // Unix seconds: the ledger's clock in a signed answer, advanced
	Clock  uint64 `json:"clock"`  // TPM clock in ms when Time was written
}

// Advance is the floor at a later value of the TPM's clock. A clock that fell (power cut) or was reset adds
// nothing: Time stays.
func (f Floor) Advance(clock uint64) Floor {
	if clock > f.Clock {
		f.Time += int64((clock - f.Clock) / 1000)  //nolint:gosec // G115: 2^64 ms are 2^54 s
		f.Clock += (clock - f.Clock) / 1000 * 1000 // what is below a second stays to be counted
		return f
	}
	f.Clock = clock
	return f
}

// Raise is the floor after a signed answer with this ledger clock arrived at this value of the TPM's clock.
func (f Floor) Raise(ledgerClock int64, clock uint64) Floor {
	f = f.Advance(clock)
	if ledgerClock > f.Time {
		f.Time, f.Clock = ledgerClock, clock
	}
	return f
}

// floor reads the stored floor, brings it to the TPM's clock, raises it to every signed clock given, and
// stores it.
func (s Store) floor(tpmClock uint64, signedClocks ...int64) (Floor, error) {
	var f Floor
	err := s.Folder.Load(floorFile, &f)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err != nil { // the first one
		f = Floor{Format: "guildmark/floor/1", Clock: tpmClock}
	}
	next := f.Advance(tpmClock)
	for _, c := range signedClocks {
		next = next.Raise(c, tpmClock)
	}
	if next == f {
		return f, nil
	}
	return next, s.Folder.Save(floorFile, next)
}
