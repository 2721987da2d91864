package spv

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// btcd's rules are the oracle here and nowhere else: its exported calls walk back up to 2,015 parents.

// node is a block as btcd's header rules want to see it.
type node struct {
	header wire.BlockHeader
	height int32
	parent *node
}

func (n *node) Height() int32    { return n.height }
func (n *node) Bits() uint32     { return n.header.Bits }
func (n *node) Timestamp() int64 { return n.header.Timestamp.Unix() }
func (n *node) Parent() blockchain.HeaderCtx {
	if n.parent == nil {
		return nil // an untyped nil, or btcd panics
	}
	return n.parent
}

func (n *node) RelativeAncestorCtx(distance int32) blockchain.HeaderCtx {
	at := n
	for ; distance > 0 && at != nil; distance-- {
		at = at.parent
	}
	if at == nil {
		return nil
	}
	return at
}

// network is btcd's chain context with a period of our choice.
type network struct {
	params *chaincfg.Params
	period int32
}

func (n network) ChainParams() *chaincfg.Params { return n.params }
func (n network) BlocksPerRetarget() int32      { return n.period }
func (n network) MinRetargetTimespan() int64 {
	return int64(n.params.TargetTimespan/time.Second) / n.params.RetargetAdjustmentFactor
}

func (n network) MaxRetargetTimespan() int64 {
	return int64(n.params.TargetTimespan/time.Second) * n.params.RetargetAdjustmentFactor
}
func (network) VerifyCheckpoint(int32, *chainhash.Hash) bool          { return true }
func (network) FindPreviousCheckpoint() (blockchain.HeaderCtx, error) { return nil, nil }

// fixedTime is the clock that btcd is given: the transaction's.
type fixedTime int64

func (f fixedTime) AdjustedTime() time.Time       { return time.Unix(int64(f), 0) }
func (fixedTime) AddTimeSample(string, time.Time) {}
func (fixedTime) Offset() time.Duration           { return 0 }

func (n network) judge(h *wire.BlockHeader, parent *node, txTime int64) error {
	if err := blockchain.CheckBlockHeaderSanity(h, n.params.PowLimit, fixedTime(txTime),
		blockchain.BFNone); err != nil {
		return err
	}
	return blockchain.CheckBlockHeaderContext(h, parent, blockchain.BFNone, n, true)
}

func raw(h *wire.BlockHeader) (b [HeaderSize]byte) {
	binary.LittleEndian.PutUint32(b[:], uint32(h.Version))
	copy(b[4:], h.PrevBlock[:])
	copy(b[36:], h.MerkleRoot[:])
	binary.LittleEndian.PutUint32(b[68:], uint32(h.Timestamp.Unix()))
	binary.LittleEndian.PutUint32(b[72:], h.Bits)
	binary.LittleEndian.PutUint32(b[76:], h.Nonce)
	return b
}

// easy gives a network's rules with a limit that a test can mine and a period that it can cross.
func easy(tb testing.TB, name string, period uint32) (Rules, network) {
	tb.Helper()
	rules, err := RulesFor(name, 6, 2)
	if err != nil {
		tb.Fatal(err)
	}
	params := *Params(name)
	params.PowLimitBits = 0x207fffff
	params.PowLimit = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(1))
	params.BIP0034Height, params.BIP0066Height, params.BIP0065Height = 40, 80, 120
	params.TargetTimespan = time.Duration(period) * params.TargetTimePerBlock
	rules.Limit, rules.Period, rules.Timespan = params.PowLimitBits, period, period*600
	rules.Version2, rules.Version3, rules.Version4 = 40, 80, 120
	return rules, network{params: &params, period: int32(period)}
}

// mine looks for a nonce; the targets of these tests need a few tries.
func mine(h *wire.BlockHeader) {
	for {
		hash := h.BlockHash()
		if blockchain.HashToBig(&hash).Cmp(blockchain.CompactToBig(h.Bits)) <= 0 {
			return
		}
		h.Nonce++
	}
}

// anchor is what a trusted start is made of when it isn't the genesis block.
type anchor struct {
	Height     Height
	Work       [32]byte // cumulative work up to and including the block
	Header     [HeaderSize]byte
	PeriodTime uint32 // of the block at Height - Height%2016
	PeriodBits uint32
	LastBits   uint32
	Before     []uint32 // times of the ten blocks before, newest first; fewer near the genesis block
}

// newRecord builds the record of a trusted start. Nothing in it is verified but its form: the caller vouches.
func newRecord(a anchor) (Record, error) {
	h := parse(&a.Header)
	r := Record{
		Hash: chainhash.DoubleHashH(a.Header[:]), Prev: h.prev, Merkle: h.merkle, Height: a.Height,
		Time: h.time, Bits: h.bits, Work: a.Work,
		PeriodTime: a.PeriodTime, PeriodBits: a.PeriodBits, LastBits: a.LastBits,
	}
	if len(a.Before) != r.known()-1 {
		return r, ErrRecord.With("a wrong number of earlier times")
	}
	r.Times[0] = h.time
	copy(r.Times[1:], a.Before)
	return r, r.check()
}

// start builds a first block that both sides trust.
func start(tb testing.TB) (Record, *node) {
	tb.Helper()
	h := wire.BlockHeader{Version: 4, Timestamp: time.Unix(1_600_000_000, 0), Bits: 0x207fffff}
	work := workOf(h.Bits)
	r, err := newRecord(anchor{
		Work: work.Bytes32(), Header: raw(&h),
		PeriodTime: 1_600_000_000, PeriodBits: h.Bits, LastBits: h.Bits,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return r, &node{header: h}
}

// propose makes a child that is sometimes good and sometimes wrong at an edge.
func propose(rng *rand.Rand, parent *node, rec *Record, rules *Rules) wire.BlockHeader {
	at := int64(rec.Time)
	switch rng.IntN(12) {
	case 0:
		at = int64(rec.MedianTime()) + int64(rng.IntN(3)) // at, and one second after, the median
	case 1:
		at += 1199 + int64(rng.IntN(3)) // around the twenty minutes
	case 2:
		at += -601 + int64(rng.IntN(3)) // around BIP-94's limit
	case 3:
		at += int64(rng.IntN(40_000)) - 10_000
	default:
		at += 550 + int64(rng.IntN(100))
	}
	h := wire.BlockHeader{
		Version: 4, PrevBlock: rec.Hash, Timestamp: time.Unix(at, 0), Bits: nextBits(rec, uint32(at), rules),
	}
	binary.LittleEndian.PutUint64(h.MerkleRoot[:], rng.Uint64())
	switch rng.IntN(20) {
	case 0:
		h.Version = int32(rng.IntN(6) - 1)
	case 1:
		h.Bits = []uint32{parent.header.Bits, rules.Limit, rec.LastBits, rec.PeriodBits}[rng.IntN(4)]
	case 2:
		h.Bits--
	}
	mine(&h)
	if rng.IntN(20) == 0 {
		h.Nonce++ // most nonces fail
	}
	return h
}

func TestAcceptAgreesWithBtcd(t *testing.T) {
	for _, name := range []string{"mainnet", "testnet3", "testnet4", "signet", "simnet", "regtest"} {
		t.Run(name, func(t *testing.T) {
			rules, net := easy(t, name, 48)
			rec, at := start(t)
			rng := rand.New(rand.NewPCG(21, 33))
			accepted, rejected := 0, 0
			for range 6000 {
				h := propose(rng, at, &rec, &rules)
				txTime := h.Timestamp.Unix() - 7200 + int64(rng.IntN(40)) - 1
				wantErr := net.judge(&h, at, txTime)
				b := raw(&h)
				next, err := Accept(&rec, &b, &rules, txTime)
				if (err == nil) != (wantErr == nil) {
					t.Fatalf("height %d header %x: got %v, btcd says %v", at.height+1, b, err, wantErr)
				}
				if err != nil {
					rejected++
					continue
				}
				accepted++
				rec, at = next, &node{header: h, height: at.height + 1, parent: at}
				if want := blockchain.CalcPastMedianTime(at).Unix(); int64(rec.MedianTime()) != want {
					t.Fatalf("height %d median time: got %d want %d", at.height, rec.MedianTime(), want)
				}
			}
			checkWork(t, &rec, at)
			if accepted < 3000 || rejected < 200 {
				t.Fatalf("the trial is one-sided: %d accepted, %d rejected", accepted, rejected)
			}
		})
	}
}

// checkWork compares the cumulative work with btcd's sum over the whole chain.
func checkWork(t *testing.T, rec *Record, at *node) {
	t.Helper()
	sum := new(big.Int)
	for n := at; n != nil; n = n.parent {
		sum.Add(sum, blockchain.CalcWork(n.header.Bits))
	}
	if got := new(big.Int).SetBytes(rec.Work[:]); got.Cmp(sum) != 0 {
		t.Fatalf("cumulative work: got %x want %x", got, sum)
	}
}

func mainnetHeaders(tb testing.TB) [][HeaderSize]byte {
	tb.Helper()
	b, err := os.ReadFile("../../fixtures/bitcoin/mainnet-headers-0-2047.bin")
	if err != nil {
		tb.Fatal(err)
	}
	hs := make([][HeaderSize]byte, len(b)/HeaderSize)
	for i := range hs {
		copy(hs[i][:], b[i*HeaderSize:])
	}
	return hs
}

func TestAcceptRealMainnetHeaders(t *testing.T) {
	rules, err := RulesFor("mainnet", 6, 0)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := Genesis("mainnet")
	if err != nil {
		t.Fatal(err)
	}
	headers := mainnetHeaders(t)
	for i := range headers[1:] {
		if rec, err = Accept(&rec, &headers[i+1], &rules, 1_300_000_000); err != nil {
			t.Fatalf("height %d: %v", i+1, err)
		}
	}
	// Work at 2,047: as many blocks of difficulty one, 0x100010001 hashes each.
	want := new(big.Int).Mul(big.NewInt(0x100010001), big.NewInt(2048))
	if got := new(big.Int).SetBytes(rec.Work[:]); rec.Height != 2047 || got.Cmp(want) != 0 {
		t.Fatalf("got height %d work %x, want 2047 %x", rec.Height, got, want)
	}
}

func TestCompactAgreesWithBtcd(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for range 200_000 {
		compact := rng.Uint32()
		if rng.IntN(2) == 0 {
			compact = compact&0x00ffffff | uint32(rng.IntN(36))<<24
		}
		want := blockchain.CompactToBig(compact)
		got, ok := target(compact)
		if fits := want.Sign() > 0 && want.BitLen() <= 256; ok != fits {
			t.Fatalf("%08x: got ok %v, btcd has %x", compact, ok, want)
		}
		if !ok {
			continue
		}
		b := got.Bytes32()
		if new(big.Int).SetBytes(b[:]).Cmp(want) != 0 {
			t.Fatalf("%08x: got %x want %x", compact, b, want)
		}
		if c := compactOf(&got); c != blockchain.BigToCompact(want) {
			t.Fatalf("%08x: got %08x back, btcd %08x", compact, c, blockchain.BigToCompact(want))
		}
		work := workOf(compact)
		if w := work.Bytes32(); new(big.Int).SetBytes(w[:]).Cmp(blockchain.CalcWork(compact)) != 0 {
			t.Fatalf("%08x: work %x, btcd %x", compact, &work, blockchain.CalcWork(compact))
		}
	}
}
