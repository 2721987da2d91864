package command

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// bitcoin is one bitcoin in satoshi.
const bitcoin = 100_000_000

// Satoshi writes an amount for people: 17,500 sat (0.000175 BTC). The text of [ledger.Satoshi] itself stays for
// programs.
func Satoshi(s ledger.Satoshi) string {
	sign, n := "", int64(s)
	if n < 0 {
		sign, n = "-", -n
	}
	btc := fmt.Sprintf("%s.%08d", Number(n/bitcoin), n%bitcoin)
	btc = strings.TrimSuffix(strings.TrimRight(btc, "0"), ".")
	return fmt.Sprintf("%s%s sat (%s%s BTC)", sign, Number(n), sign, btc)
}

// Sat writes an amount for people where there is no room for bitcoin: 17,500 sat.
func Sat(s ledger.Satoshi) string { return Number(int64(s)) + " sat" }

// Number writes a number with separators between its thousands.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// shortID is how much of an id people see: 48 bits tell the ids of a market apart.
const shortID = 12

// ID shortens an id for people. Commands take any beginning that only one id has.
func ID(id string) string {
	if len(id) <= shortID {
		return id
	}
	return id[:shortID]
}

// Plain makes a line that a package wrote for programs, too, one for people: ids are shortened, and amounts of
// satoshi get separators between their thousands.
func Plain(text string) string {
	text = regexp.MustCompile(`\b[0-9a-f]{64}\b`).ReplaceAllStringFunc(text, ID)
	return regexp.MustCompile(`\b[0-9]+ sat\b`).ReplaceAllStringFunc(text, func(found string) string {
		n, err := strconv.ParseInt(strings.TrimSuffix(found, " sat"), 10, 64)
		if err != nil { // more digits than an amount has
			return found
		}
		return Sat(ledger.Satoshi(n))
	})
}

// Count writes a number of things: 1 receipt, 2 receipts.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(int64(n)) + " " + one + "s"
}

// Day writes a date.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Moment writes a point in time to the second.
func Moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
