package ledger

import "strconv"

// Satoshi is an amount of Bitcoin in its smallest unit; 100,000,000 of them are one bitcoin. Never a float.
type Satoshi int64

// MaxSatoshi is the amount that can ever exist (21 million bitcoin); anything above is a mistake or an
// attack.
const MaxSatoshi Satoshi = 21_000_000 * 100_000_000

// String writes the number and its unit, for people.
func (s Satoshi) String() string { return strconv.FormatInt(int64(s), 10) + " sat" }

// Valid reports whether s is an amount that can exist: zero to MaxSatoshi.
func (s Satoshi) Valid() bool { return s >= 0 && s <= MaxSatoshi }
