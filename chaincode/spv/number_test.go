package spv

import (
	"encoding/binary"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// ownNumber is this package's first 256-bit arithmetic. It lost against holiman/uint256
// (chaincode/docs/decisions.md) and stays as its oracle: two implementations that share no line, and math/big
// as the third, must agree.
type ownNumber [4]uint64

func (n ownNumber) bytes() (b [32]byte) {
	binary.BigEndian.PutUint64(b[:], n[3])
	binary.BigEndian.PutUint64(b[8:], n[2])
	binary.BigEndian.PutUint64(b[16:], n[1])
	binary.BigEndian.PutUint64(b[24:], n[0])
	return b
}

func (n ownNumber) isZero() bool { return n == ownNumber{} }

// less reports n < m.
func (n ownNumber) less(m ownNumber) bool {
	for i := 3; i >= 0; i-- {
		if n[i] != m[i] {
			return n[i] < m[i]
		}
	}
	return false
}

// add returns n + m; over is true when it doesn't fit.
func (n ownNumber) add(m ownNumber) (sum ownNumber, over bool) {
	var c uint64
	for i := range n {
		sum[i], c = bits.Add64(n[i], m[i], c)
	}
	return sum, c != 0
}

// sub returns n - m modulo 2^256.
func (n ownNumber) sub(m ownNumber) (d ownNumber) {
	var c uint64
	for i := range n {
		d[i], c = bits.Sub64(n[i], m[i], c)
	}
	return d
}

// bitLen is the position of the highest set bit, counted from 1.
func (n ownNumber) bitLen() int {
	for i := 3; i >= 0; i-- {
		if n[i] != 0 {
			return i*64 + bits.Len64(n[i])
		}
	}
	return 0
}

// lsh shifts left by s < 256 bits.
func (n ownNumber) lsh(s int) (r ownNumber) {
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
func (n ownNumber) quo(d ownNumber) (q ownNumber) {
	if n.less(d) {
		return q
	}
	size := (d.bitLen() + 63) / 64
	shift := size*64 - d.bitLen()
	v := d.lsh(shift)
	var u [5]uint64
	for i := 4; i >= 0; i-- {
		if i < 4 {
			u[i] = n[i] << shift
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

// digit divides the top of u by v (normalized), leaves the remainder in u and returns one digit of the
// quotient.
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

// mulDiv32 returns n * m / d, saturated at the largest ownNumber when the result doesn't fit.
func (n ownNumber) mulDiv32(m, d uint32) (r ownNumber) {
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
		return ownNumber{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	}
	return ownNumber(wide[:4])
}

// target expands a header's compact bits; ok is false for negative, zero and overflowing forms, which no rule
// of any network can demand.
func ownTarget(compact uint32) (t ownNumber, ok bool) {
	mantissa, exponent := compact&0x007fffff, int(compact>>24)
	if compact&0x00800000 != 0 || mantissa == 0 {
		return t, false
	}
	m := ownNumber{uint64(mantissa)}
	if exponent <= 3 {
		t = ownNumber{uint64(mantissa) >> (8 * (3 - exponent))}
		return t, !t.isZero()
	}
	shift := 8 * (exponent - 3)
	if m.bitLen()+shift > 256 {
		return t, false
	}
	return m.lsh(shift), true
}

// compact packs a target into a header's bits, dropping low bits as Bitcoin does.
func (n ownNumber) compact() uint32 {
	exponent := (n.bitLen() + 7) / 8
	var mantissa uint32
	if exponent <= 3 {
		mantissa = uint32(n[0]) << (8 * (3 - exponent))
	} else {
		b := n.bytes()
		at := 32 - exponent
		mantissa = uint32(b[at])<<16 | uint32(b[at+1])<<8 | uint32(b[at+2])
	}
	if mantissa&0x00800000 != 0 {
		mantissa >>= 8
		exponent++
	}
	return uint32(exponent)<<24 | mantissa
}

// workOf is the expected ownNumber of hashes behind a target: 2^256 / (target+1), as (2^256 - target - 1) /
// (target+1) + 1 so that it fits. Zero for bits that are no target.
func ownWorkOf(compact uint32) ownNumber {
	t, ok := ownTarget(compact)
	if !ok {
		return ownNumber{}
	}
	above, over := t.add(ownNumber{1})
	if over {
		return ownNumber{1}
	}
	w := ownNumber{^t[0], ^t[1], ^t[2], ^t[3]}.quo(above)
	w, _ = w.add(ownNumber{1})
	return w
}

// draw makes a number that is often near a limit of its limbs.
func draw(rng *rand.Rand) (ownNumber, *big.Int) {
	n := ownNumber{rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64()}
	for i := 3; i >= rng.IntN(5); i-- {
		n[i] = []uint64{0, 0, 1, ^uint64(0), 1 << 63}[rng.IntN(5)]
	}
	b := n.bytes()
	return n, new(big.Int).SetBytes(b[:])
}

func TestNumberAgreesWithBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	top := new(big.Int).Lsh(big.NewInt(1), 256)
	same := func(what string, own ownNumber, got number, want *big.Int) {
		t.Helper()
		if b := own.bytes(); new(big.Int).SetBytes(b[:]).Cmp(want) != 0 {
			t.Fatalf("%s: own %x, want %x", what, b, want)
		}
		if got.ToBig().Cmp(want) != 0 {
			t.Fatalf("%s: got %x, want %x", what, &got, want)
		}
	}
	for range 200_000 {
		n, bn := draw(rng)
		d, bd := draw(rng)
		un, ud := number(n), number(d)
		var u number
		if !d.isZero() {
			same("quotient", n.quo(d), *u.Div(&un, &ud), new(big.Int).Quo(bn, bd))
		}
		own, over := n.add(d)
		_, overflow := u.AddOverflow(&un, &ud)
		sum := new(big.Int).Add(bn, bd)
		if want := sum.Cmp(top) >= 0; over != want || overflow != want {
			t.Fatalf("%x + %x: own over %v, got %v, want %v", bn, bd, over, overflow, want)
		}
		same("sum", own, u, sum.Mod(sum, top))
		difference := new(big.Int).Sub(bn, bd)
		same("difference", n.sub(d), *u.Sub(&un, &ud), difference.Mod(difference, top))
		if want := bn.Cmp(bd) < 0; n.less(d) != want || un.Lt(&ud) != want {
			t.Fatalf("%x < %x: own %v, got %v", bn, bd, n.less(d), un.Lt(&ud))
		}
		m, div := rng.Uint32(), rng.Uint32()|1
		want := new(big.Int).Mul(bn, big.NewInt(int64(m)))
		want.Quo(want, big.NewInt(int64(div)))
		if want.Cmp(top) >= 0 {
			want.Sub(top, big.NewInt(1))
		}
		same("scaled target", n.mulDiv32(m, div), scaled(&un, m, div), want)
	}
}

func TestOwnTargetsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 3))
	for range 200_000 {
		bits := rng.Uint32()
		if rng.IntN(2) == 0 {
			bits = bits&0x00ffffff | uint32(rng.IntN(36))<<24
		}
		own, ownOK := ownTarget(bits)
		got, ok := target(bits)
		if ok != ownOK || ok && number(own) != got {
			t.Fatalf("%08x: got %x, %v; own %x, %v", bits, &got, ok, own.bytes(), ownOK)
		}
		if ok && own.compact() != compactOf(&got) {
			t.Fatalf("%08x: got %08x back, own %08x", bits, compactOf(&got), own.compact())
		}
		if number(ownWorkOf(bits)) != workOf(bits) {
			t.Fatalf("%08x: work differs", bits)
		}
	}
}

func BenchmarkWorkOf(b *testing.B) {
	b.Run("uint256", func(b *testing.B) {
		for b.Loop() {
			_ = workOf(0x1702c070)
		}
	})
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			_ = ownWorkOf(0x1702c070)
		}
	})
}

func BenchmarkScaled(b *testing.B) {
	b.Run("uint256", func(b *testing.B) {
		old, _ := target(0x1702c070)
		for b.Loop() {
			_ = scaled(&old, 1_250_000, 1_209_600)
		}
	})
	b.Run("own", func(b *testing.B) {
		old, _ := ownTarget(0x1702c070)
		for b.Loop() {
			_ = old.mulDiv32(1_250_000, 1_209_600)
		}
	})
}

func BenchmarkQuo(b *testing.B) {
	n := ownNumber{0x123456789abcdef0, 0xfedcba9876543210, 0x0f1e2d3c4b5a6978, 0x1111}
	for name, d := range map[string]ownNumber{
		"1 limb": {0x9e3779b97f4a7c15}, "2 limbs": {7, 0x9e3779b97f4a7c15}, "3 limbs": {7, 8, 0x9e3779b97f4a7c15},
	} {
		b.Run(name+"/uint256", func(b *testing.B) {
			un, ud := number(n), number(d)
			for b.Loop() {
				var q number
				_ = q.Div(&un, &ud)
			}
		})
		b.Run(name+"/own", func(b *testing.B) {
			for b.Loop() {
				_ = n.quo(d)
			}
		})
	}
}
