package spv

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// Height counts blocks from the genesis block, which has height 0.
type Height uint32

// Sizes fixed by the record's format and by Bitcoin.
const (
	RecordSize = 196
	HeaderSize = 80
	medianSize = 11 // blocks of which the median time is taken (Bitcoin consensus)
)

// Record is everything that the next header's rules need to know about a block, so that accepting a header
// reads one key. Stored under h/<hash> in the binary form of [Record.Encode].
type Record struct {
	Hash, Prev, Merkle chainhash.Hash
	Height             Height
	Time, Bits         uint32
	Work               [32]byte           // cumulative, big endian: compares bytewise
	PeriodTime         uint32             // time of the first block of the retarget period
	PeriodBits         uint32             // its bits (BIP-94)
	LastBits           uint32             // bits of the last block not under the minimum-difficulty exception
	Times              [medianSize]uint32 // this block's time, then its ancestors'; as many as exist
}

// Encode writes the record's 196 bytes.
func (r *Record) Encode() []byte {
	b := make([]byte, 0, RecordSize)
	b = append(b, r.Hash[:]...)
	b = append(b, r.Prev[:]...)
	b = append(b, r.Merkle[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Height))
	b = binary.BigEndian.AppendUint32(b, r.Time)
	b = binary.BigEndian.AppendUint32(b, r.Bits)
	b = append(b, r.Work[:]...)
	b = binary.BigEndian.AppendUint32(b, r.PeriodTime)
	b = binary.BigEndian.AppendUint32(b, r.PeriodBits)
	b = binary.BigEndian.AppendUint32(b, r.LastBits)
	for _, t := range r.Times {
		b = binary.BigEndian.AppendUint32(b, t)
	}
	return b
}

// DecodeRecord reads what Encode wrote and refuses what no chain could have produced.
func DecodeRecord(b []byte) (Record, error) {
	var r Record
	if len(b) != RecordSize {
		return r, ErrRecord.Field("bytes", len(b), "196")
	}
	take := func(to []byte) { b = b[copy(to, b):] }
	word := func() uint32 { w := binary.BigEndian.Uint32(b); b = b[4:]; return w }
	take(r.Hash[:])
	take(r.Prev[:])
	take(r.Merkle[:])
	r.Height, r.Time, r.Bits = Height(word()), word(), word()
	take(r.Work[:])
	r.PeriodTime, r.PeriodBits, r.LastBits = word(), word(), word()
	for i := range r.Times {
		r.Times[i] = word()
	}
	return r, r.check()
}

// ParseRecord reads a record from lower-case hex, as the governed configuration carries its checkpoint.
func ParseRecord(text string) (Record, error) {
	b, err := hex.DecodeString(text)
	if err != nil || hex.EncodeToString(b) != text {
		return Record{}, ErrRecord.With("text, expected 392 lower-case hex digits")
	}
	return DecodeRecord(b)
}

// String is the record as ParseRecord reads it.
func (r *Record) String() string { return hex.EncodeToString(r.Encode()) }

func (r *Record) check() error {
	for _, compact := range []uint32{r.Bits, r.PeriodBits, r.LastBits} {
		if _, ok := target(compact); !ok {
			return ErrRecord.With(fmt.Sprintf("bits %08x, expected a positive target below 2^256", compact))
		}
	}
	all, last := fromBytes(&r.Work), workOf(r.Bits)
	switch {
	case r.Times[0] != r.Time:
		return ErrRecord.Field("times[0]", r.Times[0], "the block's time, "+strconv.FormatUint(uint64(r.Time), 10))
	case all.Lt(&last):
		return ErrRecord.With("work " + hex.EncodeToString(r.Work[:]) + ", expected the last block's or more")
	}
	for _, t := range r.Times[r.known():] {
		if t != 0 {
			return ErrRecord.Field("times", t, "0 for blocks before the genesis block")
		}
	}
	return nil
}

// known is how many of Times are blocks.
func (r *Record) known() int { return int(min(uint64(r.Height)+1, medianSize)) }

// MedianTime is the median of the block's time and its ten ancestors', Unix seconds: Bitcoin's own clock.
func (r *Record) MedianTime() uint32 {
	times := r.Times
	n := r.known()
	for i := 1; i < n; i++ {
		for j := i; j > 0 && times[j] < times[j-1]; j-- {
			times[j], times[j-1] = times[j-1], times[j]
		}
	}
	return times[n/2]
}

// Heavier reports whether r has more cumulative work than o; with equal work the first seen stays.
func (r *Record) Heavier(o *Record) bool { return bytes.Compare(r.Work[:], o.Work[:]) > 0 }

// TipRecord reads the record of the chain's end.
func TipRecord(s Store) (Record, error) {
	tip, ok, err := s.Tip()
	if err != nil || !ok {
		return Record{}, orRefusal(err, ErrNotStarted)
	}
	r, ok, err := s.Header(tip.Hash)
	if err != nil || !ok {
		return Record{}, orRefusal(err, ErrNotStarted.With("a tip without its record"))
	}
	return r, nil
}

// HeaderAt reads a block's record, and whether the block is on the chain of most work.
func HeaderAt(s Store, hash chainhash.Hash) (r Record, active bool, err error) {
	r, ok, err := s.Header(hash)
	if err != nil || !ok {
		return r, false, orRefusal(err, ErrUnknownBlock.With(hash.String()))
	}
	at, ok, err := s.HashAt(r.Height)
	return r, ok && at == hash, err
}
