package spv

import (
	"encoding/binary"

	"github.com/holiman/uint256"
)

// number is an unsigned 256-bit integer: a target, a work or a hash. Its methods don't allocate, and neither
// may the header rule (row 14 of tests/bench/README.md).
type number = uint256.Int

// fromBytes reads 32 big-endian bytes.
func fromBytes(b *[32]byte) (n number) {
	n.SetBytes32(b[:])
	return n
}

// fromHash reads a block hash as the little-endian number that proof of work compares.
func fromHash(h *[32]byte) number {
	return number{
		binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:]),
		binary.LittleEndian.Uint64(h[16:]), binary.LittleEndian.Uint64(h[24:]),
	}
}

// target expands a header's compact bits; ok is false for negative, zero and overflowing forms, which no rule
// of any network can demand.
func target(compact uint32) (t number, ok bool) {
	mantissa, exponent := compact&0x007fffff, uint(compact>>24)
	if compact&0x00800000 != 0 || mantissa == 0 {
		return t, false
	}
	t.SetUint64(uint64(mantissa))
	if exponent <= 3 {
		t.Rsh(&t, 8*(3-exponent))
		return t, !t.IsZero()
	}
	shift := 8 * (exponent - 3)
	if uint(t.BitLen())+shift > 256 {
		return t, false
	}
	t.Lsh(&t, shift)
	return t, true
}

// compactOf packs a target into a header's bits, dropping low bits as Bitcoin does.
func compactOf(t *number) uint32 {
	exponent := uint((t.BitLen() + 7) / 8)
	var m number
	if exponent <= 3 {
		m.Lsh(t, 8*(3-exponent))
	} else {
		m.Rsh(t, 8*(exponent-3))
	}
	mantissa := uint32(m.Uint64()) //nolint:gosec // G115: three bytes
	if mantissa&0x00800000 != 0 {
		mantissa >>= 8
		exponent++
	}
	return uint32(exponent)<<24 | mantissa //nolint:gosec // G115: 33 at most
}

// scaled is t * span / period, saturated at the largest number when it doesn't fit.
func scaled(t *number, span, period uint32) (r number) {
	m, d := number{uint64(span)}, number{uint64(period)}
	if _, over := r.MulDivOverflow(t, &m, &d); over {
		r.SetAllOne()
	}
	return r
}

// workOf is the expected number of hashes behind a target: 2^256 / (target+1), as (2^256 - target - 1) /
// (target+1) + 1 so that it fits. Zero for bits that are no target.
func workOf(compact uint32) (w number) {
	t, ok := target(compact)
	if !ok {
		return w
	}
	above := t
	above.AddUint64(&above, 1)
	if above.IsZero() {
		w.SetOne()
		return w
	}
	w.Not(&t)
	w.Div(&w, &above)
	w.AddUint64(&w, 1)
	return w
}
