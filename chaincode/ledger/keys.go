package ledger

import (
	"fmt"
	"strconv"
	"strings"
)

// Family is the keys of one kind of document: a name and the forms of the parts that follow it, joined by
// slashes. No part holds a slash, so no key belongs to two families whose names differ. The package whose
// rules own the document declares the family; there is no list of all families here.
//
// Numbers have ten digits with leading zeros, so that a range walks them in order; an outpoint is
// "<txid>:<vout>". [Family.Key] does not check its parts: values that come from a caller are checked by the
// rules before a key is built.
type Family struct {
	name  string
	parts []Part
	bare  bool
}

// Part is the form of one part of a key.
type Part func(string) bool

// NewFamily declares a family. One without parts has a single key, its name.
func NewFamily(name string, parts ...Part) Family { return Family{name: name, parts: parts} }

// WithBare returns the family with one more key, its name alone: where the number of the newest document
// stands.
func (f Family) WithBare() Family {
	f.bare = true
	return f
}

// Name is the family's name, the first part of all its keys.
func (f Family) Name() string { return f.name }

// Key builds a key.
func (f Family) Key(parts ...string) string {
	return strings.Join(append([]string{f.name}, parts...), "/")
}

// Parse gives the parts of a key, and [ErrKey] for everything that Key does not write from parts of the right
// form.
func (f Family) Parse(key string) ([]string, error) {
	parts := strings.Split(key, "/")
	name, parts := parts[0], parts[1:]
	if name != f.name || len(parts) != len(f.parts) && (len(parts) > 0 || !f.bare) {
		return nil, ErrKey.With(key)
	}
	for i, part := range parts {
		if !f.parts[i](part) {
			return nil, ErrKey.With(key)
		}
	}
	return parts, nil
}

// Range gives the bounds, start inclusive and end exclusive, of the family's keys under these leading parts.
func (f Family) Range(parts ...string) (start, end string) {
	prefix := f.Key(parts...)
	return prefix + "/", prefix + "0" // '0' follows '/' in ASCII
}

// Marker is the value of a key whose existence says everything; Fabric takes an empty value for a deletion.
const Marker = "1"

// ErrKey means that the text (Saw) is not a key of the family that was expected, or not an outpoint
// <txid>:<vout>. Write it as Family.Key or Outpoint does.
var ErrKey = Refuse(Invalid, "key.malformed", "the text is not a key of the family that was expected")

// digits is the length of a number in a key.
const digits = 10

// Number writes a number as keys carry it.
func Number[T interface{ ~int | ~int64 | ~uint32 }](n T) string {
	return fmt.Sprintf("%0*d", digits, n)
}

// ErrDecimal means that an argument (Saw) is not a plain decimal number from 0 to 9999999999, without sign or
// leading zeros. Correct the argument.
var ErrDecimal = Refuse(Invalid, "number.malformed",
	"the argument is not a number from 0 to 9999999999 in plain decimal digits")

// ParseDecimal reads a number as callers write it: plain decimal digits without leading zeros. It has ten
// digits at most, so that keys stay in order.
func ParseDecimal(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 9_999_999_999 || strconv.FormatInt(n, 10) != text {
		return 0, ErrDecimal.With(text)
	}
	return n, nil
}

// Outpoint writes a Bitcoin output's name.
func Outpoint(txid string, vout uint32) string {
	return txid + ":" + strconv.FormatUint(uint64(vout), 10)
}

// ParseOutpoint takes "<txid>:<vout>" apart.
func ParseOutpoint(s string) (txid string, vout uint32, err error) {
	txid, text, _ := strings.Cut(s, ":")
	n, parseErr := strconv.ParseUint(text, 10, 32)
	if parseErr != nil || CheckID(txid) != nil || strconv.FormatUint(n, 10) != text {
		return "", 0, ErrKey.With(s)
	}
	return txid, uint32(n), nil
}

// IsHash reports whether s is an id or a hash: 64 lower-case hex digits.
func IsHash(s string) bool { return len(s) == 64 && every(s, isHexDigit) }

// IsNumber reports whether s is a number as [Number] writes it: ten digits with leading zeros, or more
// without.
func IsNumber(s string) bool {
	return len(s) >= digits && len(s) <= 19 && every(s, isDigit) && (len(s) == digits || s[0] != '0')
}

// IsOutpoint reports whether s is an output's name as [Outpoint] writes it.
func IsOutpoint(s string) bool {
	_, _, err := ParseOutpoint(s)
	return err == nil
}

// IsWord reports whether s is 1 to 32 lower-case letters.
func IsWord(s string) bool { return len(s) > 0 && len(s) <= 32 && every(s, isLower) }

// IsMSP reports whether s can be an MSP id: 1 to 64 letters and digits.
func IsMSP(s string) bool { return len(s) > 0 && len(s) <= 64 && every(s, isAlphanumeric) }

// IsParty reports whether s is a party id: "<home MSP>.<16 lower-case hex>".
func IsParty(s string) bool {
	msp, rest, ok := strings.Cut(s, ".")
	return ok && IsMSP(msp) && len(rest) == 16 && every(rest, isHexDigit)
}

// IsName reports whether s can be a recipient's id: 1 to 128 letters, digits, dots, hyphens and underscores.
func IsName(s string) bool {
	return len(s) > 0 && len(s) <= 128 && every(s, func(c byte) bool {
		return isAlphanumeric(c) || c == '.' || c == '-' || c == '_'
	})
}

func isLower(c byte) bool    { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }
func isAlphanumeric(c byte) bool {
	return isLower(c) || isDigit(c) || c >= 'A' && c <= 'Z'
}

func every(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}
