package payment

import "strings"

// The alphabets of BIP-380: a descriptor's characters by how they are grouped, and the checksum's.
const (
	inputAlphabet = "0123456789()[],'/*abcdefgh@:$%{}" + "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~" +
		"ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
	checksumAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	checksumSize     = 8
)

// polymod is one step of BIP-380's error-detecting code.
func polymod(c uint64, value uint64) uint64 {
	generator := [5]uint64{0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd}
	top := c >> 35
	c = (c&0x7ffffffff)<<5 ^ value
	for i, g := range generator {
		if top>>i&1 == 1 {
			c ^= g
		}
	}
	return c
}

// Checksum is the BIP-380 checksum of a descriptor without its "#", "" when a character is not allowed in
// one.
func Checksum(descriptor string) string {
	c, class, classes := uint64(1), uint64(0), 0
	for _, ch := range descriptor {
		at := strings.IndexRune(inputAlphabet, ch)
		if at < 0 {
			return ""
		}
		c = polymod(c, uint64(at&31))
		class = class*3 + uint64(at>>5)
		if classes++; classes == 3 {
			c, class, classes = polymod(c, class), 0, 0
		}
	}
	if classes > 0 {
		c = polymod(c, class)
	}
	for range checksumSize {
		c = polymod(c, 0)
	}
	c ^= 1
	var sum [checksumSize]byte
	for i := range sum {
		sum[i] = checksumAlphabet[c>>(5*(checksumSize-1-i))&31]
	}
	return string(sum[:])
}

// WithChecksum is the descriptor with "#" and its checksum.
func WithChecksum(descriptor string) string { return descriptor + "#" + Checksum(descriptor) }

// splitChecksum checks and removes the checksum, which is not optional here.
func splitChecksum(text string) (string, error) {
	body, sum, ok := strings.Cut(text, "#")
	if want := Checksum(body); !ok || want == "" || sum != want {
		return "", ErrChecksum
	}
	return body, nil
}
