package spv

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// header is the six fields of an 80-byte block header.
type header struct {
	version      int32
	prev, merkle chainhash.Hash
	time, bits   uint32
}

func parse(raw *[HeaderSize]byte) (h header) {
	h.version = int32(binary.LittleEndian.Uint32(raw[:])) //nolint:gosec // G115: the field is signed, as in Bitcoin
	copy(h.prev[:], raw[4:])
	copy(h.merkle[:], raw[36:])
	h.time = binary.LittleEndian.Uint32(raw[68:])
	h.bits = binary.LittleEndian.Uint32(raw[72:])
	return h
}

// Accept judges a header by its parent's record, the network's rules and the time of the ledger transaction
// that brings it (Unix seconds), and returns its own record. It costs the same at every height and allocates
// nothing unless it refuses.
func Accept(parent *Record, raw *[HeaderSize]byte, rules *Rules, txTime int64) (Record, error) {
	h := parse(raw)
	hash := chainhash.DoubleHashH(raw[:])
	height := parent.Height + 1
	if h.prev != parent.Hash {
		return Record{}, ErrParent.Field("parent", h.prev.String(), parent.Hash.String())
	}
	if want := nextBits(parent, h.time, rules); h.bits != want {
		return Record{}, ErrBits.With(fmt.Sprintf("bits %08x, expected %08x", h.bits, want))
	}
	found := fromHash((*[32]byte)(&hash))
	if t, ok := target(h.bits); !ok || t.Lt(&found) {
		return Record{}, ErrWork.With(fmt.Sprintf("hash %s, bits %08x", hash, h.bits))
	}
	if err := checkTime(parent, &h, rules, txTime); err != nil {
		return Record{}, err
	}
	if err := checkVersion(h.version, height, rules); err != nil {
		return Record{}, err
	}
	return child(parent, &h, hash, rules)
}

func checkTime(parent *Record, h *header, rules *Rules, txTime int64) error {
	boundary := (uint32(parent.Height)+1)%rules.Period == 0
	switch {
	case h.time <= parent.MedianTime():
		return ErrTimeOld.Field("time", h.time, "more than "+strconv.FormatUint(uint64(parent.MedianTime()), 10))
	case rules.BIP94 && boundary && int64(h.time) < int64(parent.Time)-timeWarp:
		return ErrTimeWarp.Field("time", h.time, strconv.FormatInt(int64(parent.Time)-timeWarp, 10)+" or more")
	case int64(h.time) > txTime+futureLimit:
		return ErrTimeNew.Field("time", h.time, "at most "+strconv.FormatInt(txTime+futureLimit, 10))
	}
	return nil
}

func checkVersion(version int32, height Height, rules *Rules) error {
	for _, floor := range []struct {
		version int32
		from    Height
	}{{4, rules.Version4}, {3, rules.Version3}, {2, rules.Version2}} {
		if version < floor.version && height >= floor.from {
			return ErrVersion.With(fmt.Sprintf("version %d at height %d, expected %d or more", version, height,
				floor.version))
		}
	}
	return nil
}

// nextBits is the difficulty that the block after parent must claim, given its time.
func nextBits(parent *Record, at uint32, rules *Rules) uint32 {
	if rules.NoRetarget {
		return rules.Limit
	}
	if (uint32(parent.Height)+1)%rules.Period == 0 {
		return retarget(parent, rules)
	}
	if rules.MinDifficulty == 0 {
		return parent.Bits
	}
	if int64(at) > int64(parent.Time)+int64(rules.MinDifficulty) {
		return rules.Limit
	}
	return parent.LastBits
}

// retarget scales the old target by the time that the last period took, within a factor, under the limit.
func retarget(last *Record, rules *Rules) uint32 {
	span := int64(last.Time) - int64(last.PeriodTime)
	span = max(span, int64(rules.Timespan/rules.Factor))
	span = min(span, int64(rules.Timespan)*int64(rules.Factor))
	base := last.Bits
	if rules.BIP94 {
		base = last.PeriodBits
	}
	old, _ := target(base)
	next := scaled(&old, uint32(span), rules.Timespan) //nolint:gosec // G115: Check keeps Timespan times Factor below 2^31
	if limit, _ := target(rules.Limit); limit.Lt(&next) {
		return rules.Limit
	}
	return compactOf(&next)
}

func child(parent *Record, h *header, hash chainhash.Hash, rules *Rules) (Record, error) {
	work, added := fromBytes(&parent.Work), workOf(h.bits)
	if _, over := work.AddOverflow(&work, &added); over {
		return Record{}, ErrWork.With("a sum of work above 2^256 - 1")
	}
	r := Record{
		Hash: hash, Prev: h.prev, Merkle: h.merkle, Height: parent.Height + 1, Time: h.time, Bits: h.bits,
		Work: work.Bytes32(), PeriodTime: parent.PeriodTime, PeriodBits: parent.PeriodBits, LastBits: h.bits,
	}
	boundary := uint32(r.Height)%rules.Period == 0
	if boundary {
		r.PeriodTime, r.PeriodBits = h.time, h.bits
	}
	if rules.MinDifficulty > 0 && h.bits == rules.Limit && !boundary {
		r.LastBits = parent.LastBits
	}
	r.Times[0] = h.time
	copy(r.Times[1:], parent.Times[:medianSize-1])
	return r, nil
}

// Depth is how deep rec lies under tip, in blocks of real difficulty: never more than the blocks on top of it
// (itself included), and never more than the work on top of it divided by the work of one block at the tip's
// last real difficulty. Blocks of minimum difficulty, which cost nothing, so confirm nothing (T22). The
// caller MUST know that rec is an ancestor of tip, or tip itself.
func Depth(tip, rec *Record) uint32 {
	if rec.Height > tip.Height {
		return 0
	}
	depth := uint64(tip.Height-rec.Height) + 1
	unit, own := workOf(tip.LastBits), workOf(rec.Bits)
	above, below := fromBytes(&tip.Work), fromBytes(&rec.Work)
	above.Sub(&above, &below)
	if _, over := above.AddOverflow(&above, &own); unit.IsZero() || over {
		return 0
	}
	above.Div(&above, &unit)
	if above.IsUint64() {
		depth = min(depth, above.Uint64())
	}
	return uint32(depth) //nolint:gosec // G115: a number of blocks, and heights are 32 bits
}
