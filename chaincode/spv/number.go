package spv

import (
	"encoding/binary"
	"math/bits"
)

// number is an unsigned 256-bit integer, least significant limb first. Own code because the header rule must not
// allocate (row 14 of tests/bench/README.md) and math/big does.
type number [4]uint64

// fromBytes reads 32 big-endian bytes.
func fromBytes(b *[32]byte) number {
	return number{
		binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]),
		binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[:]),
	}
}

// fromHash reads a block hash as the little-endian number that proof of work compares.
func fromHash(h *[32]byte) number {
	return number{
		binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:]),
		binary.LittleEndian.Uint64(h[16:]), binary.LittleEndian.Uint64(h[24:]),
	}
}

func (n number) bytes() (b [32]byte) {
	binary.BigEndian.PutUint64(b[:], n[3])
	binary.BigEndian.PutUint64(b[8:], n[2])
	binary.BigEndian.PutUint64(b[16:], n[1])
	binary.BigEndian.PutUint64(b[24:], n[0])
	return b
}

func (n number) isZero() bool { return n == number{} }

// less reports n < m.
func (n number) less(m number) bool {
	for i := 3; i >= 0; i-- {
		if n[i] != m[i] {
			return n[i] < m[i]
		}
	}
	return false
}

// add returns n + m; over is true when it doesn't fit.
func (n number) add(m number) (sum number, over bool) {
	var c uint64
	for i := range n {
		sum[i], c = bits.Add64(n[i], m[i], c)
	}
	return sum, c != 0
}

// sub returns n - m modulo 2^256.
func (n number) sub(m number) (d number) {
	var c uint64
	for i := range n {
		d[i], c = bits.Sub64(n[i], m[i], c)
	}
	return d
}

// bitLen is the position of the highest set bit, counted from 1.
func (n number) bitLen() int {
	for i := 3; i >= 0; i-- {
		if n[i] != 0 {
			return i*64 + bits.Len64(n[i])
		}
	}
	return 0
}

// lsh shifts left by s < 256 bits.
func (n number) lsh(s int) (r number) {
	limb, bit := s/64, uint(s%64)
	for i := 3; i >= limb; i-- {
		r[i] = n[i-limb] << bit
		if bit > 0 && i > limb {
			r[i] |= n[i-limb-1] >> (64 - bit)
		}
	}
	return r
}

// quo returns n / d, rounded down (Knuth, TAOCP 4.3.1, algorithm D, on 64-bit limbs). d must not be zero.
func (n number) quo(d number) (q number) {
	if n.less(d) {
		return q
	}
	size := (d.bitLen() + 63) / 64
	shift := size*64 - d.bitLen()
	v := d.lsh(shift)
	var u [5]uint64
	for i := 4; i >= 0; i-- {
		if i < 4 {
			u[i] = n[i] << shift //nolint:gosec // G602: i is below four here
		}
		if shift > 0 && i > 0 {
			u[i] |= n[i-1] >> (64 - shift)
		}
	}
	for j := 4 - size; j >= 0; j-- {
		q[j] = digit(u[j:j+size+1], v[:size])
	}
	return q
}

// digit divides the top of u by v (normalized), leaves the remainder in u and returns one digit of the quotient.
func digit(u, v []uint64) uint64 {
	size := len(v)
	guess := ^uint64(0)
	if u[size] < v[size-1] {
		var rest uint64
		guess, rest = bits.Div64(u[size], u[size-1], v[size-1])
		for size > 1 {
			hi, lo := bits.Mul64(guess, v[size-2])
			if hi < rest || hi == rest && lo <= u[size-2] {
				break
			}
			guess--
			var c uint64
			if rest, c = bits.Add64(rest, v[size-1], 0); c != 0 {
				break
			}
		}
	}
	if multiplySub(u, v, guess) {
		guess = addBack(u, v, guess)
	}
	return guess
}

// multiplySub subtracts v*digit from u and reports a borrow.
func multiplySub(u, v []uint64, digit uint64) bool {
	var carry, borrow uint64
	for i := range v {
		hi, lo := bits.Mul64(digit, v[i])
		var c uint64
		lo, c = bits.Add64(lo, carry, 0)
		carry = hi + c
		u[i], borrow = bits.Sub64(u[i], lo, borrow)
	}
	u[len(v)], borrow = bits.Sub64(u[len(v)], carry, borrow)
	return borrow != 0
}

// addBack undoes digits that were estimated too high (at most two, TAOCP 4.3.1 theorem B).
func addBack(u, v []uint64, digit uint64) uint64 {
	for {
		digit--
		var c uint64
		for i := range v {
			u[i], c = bits.Add64(u[i], v[i], c)
		}
		u[len(v)], c = bits.Add64(u[len(v)], 0, c)
		if c != 0 {
			return digit
		}
	}
}

// mulDiv32 returns n * m / d, saturated at the largest number when the result doesn't fit.
func (n number) mulDiv32(m, d uint32) (r number) {
	var wide [5]uint64
	var carry uint64
	for i := range n {
		hi, lo := bits.Mul64(n[i], uint64(m))
		var c uint64
		wide[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	wide[4] = carry
	rest := uint64(0)
	for i := 4; i >= 0; i-- {
		wide[i], rest = bits.Div64(rest, wide[i], uint64(d))
	}
	if wide[4] != 0 {
		return number{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	}
	return number(wide[:4])
}

// target expands a header's compact bits; ok is false for negative, zero and overflowing forms, which no rule
// of any network can demand.
func target(compact uint32) (t number, ok bool) {
	mantissa, exponent := compact&0x007fffff, int(compact>>24)
	if compact&0x00800000 != 0 || mantissa == 0 {
		return t, false
	}
	m := number{uint64(mantissa)}
	if exponent <= 3 {
		t = number{uint64(mantissa) >> (8 * (3 - exponent))}
		return t, !t.isZero()
	}
	shift := 8 * (exponent - 3)
	if m.bitLen()+shift > 256 {
		return t, false
	}
	return m.lsh(shift), true
}

// compact packs a target into a header's bits, dropping low bits as Bitcoin does.
func (n number) compact() uint32 {
	exponent := (n.bitLen() + 7) / 8
	var mantissa uint32
	if exponent <= 3 {
		mantissa = uint32(n[0]) << (8 * (3 - exponent)) //nolint:gosec // G115: three bytes at most
	} else {
		b := n.bytes()
		at := 32 - exponent
		mantissa = uint32(b[at])<<16 | uint32(b[at+1])<<8 | uint32(b[at+2])
	}
	if mantissa&0x00800000 != 0 {
		mantissa >>= 8
		exponent++
	}
	return uint32(exponent)<<24 | mantissa //nolint:gosec // G115: 33 at most
}

// workOf is the expected number of hashes behind a target: 2^256 / (target+1), as (2^256 - target - 1) /
// (target+1) + 1 so that it fits. Zero for bits that are no target.
func workOf(compact uint32) number {
	t, ok := target(compact)
	if !ok {
		return number{}
	}
	above, over := t.add(number{1})
	if over {
		return number{1}
	}
	w := number{^t[0], ^t[1], ^t[2], ^t[3]}.quo(above)
	w, _ = w.add(number{1})
	return w
}
