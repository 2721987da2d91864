package spv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// memory is the store of the tests; it counts, and like a Fabric peer it answers reads from before the step.
type memory struct {
	kv            map[string][]byte
	reads, writes int
}

func newMemory() *memory { return &memory{kv: map[string][]byte{}} }

func (m *memory) get(k string) ([]byte, bool)  { m.reads++; v, ok := m.kv[k]; return v, ok }
func (m *memory) put(k string, v []byte) error { m.writes++; m.kv[k] = v; return nil }
func (m *memory) del(k string) error           { m.writes++; delete(m.kv, k); return nil }

func (m *memory) Tip() (t Tip, ok bool, err error) {
	v, ok := m.get("tip")
	if ok {
		copy(t.Hash[:], v)
		t.Height, t.Final = Height(binary.BigEndian.Uint32(v[32:])), Height(binary.BigEndian.Uint32(v[36:]))
	}
	return t, ok, nil
}

func (m *memory) PutTip(t Tip) error {
	v := binary.BigEndian.AppendUint32(t.Hash.CloneBytes(), uint32(t.Height))
	return m.put("tip", binary.BigEndian.AppendUint32(v, uint32(t.Final)))
}

func (m *memory) Header(h chainhash.Hash) (r Record, ok bool, err error) {
	v, ok := m.get("h/" + h.String())
	if ok {
		r, err = DecodeRecord(v)
	}
	return r, ok, err
}
func (m *memory) PutHeader(r Record) error { return m.put("h/"+r.Hash.String(), r.Encode()) }

func (m *memory) hash(key string) (h chainhash.Hash, ok bool, err error) {
	v, ok := m.get(key)
	copy(h[:], v)
	return h, ok, nil
}

func (m *memory) HashAt(h Height) (chainhash.Hash, bool, error) {
	return m.hash(fmt.Sprintf("n/%d", h))
}

func (m *memory) PutHashAt(h Height, hash chainhash.Hash) error {
	return m.put(fmt.Sprintf("n/%d", h), hash[:])
}
func (m *memory) DeleteHashAt(h Height) error { return m.del(fmt.Sprintf("n/%d", h)) }
func (m *memory) FinalAt(h Height) (chainhash.Hash, bool, error) {
	return m.hash(fmt.Sprintf("f/%d", h))
}

func (m *memory) PutFinalAt(h Height, hash chainhash.Hash) error {
	return m.put(fmt.Sprintf("f/%d", h), hash[:])
}
func (m *memory) DeleteFinalAt(h Height) error { return m.del(fmt.Sprintf("f/%d", h)) }
func (m *memory) Alarm() (a Alarm, ok bool, err error) {
	v, ok := m.get("alarm")
	a.Reason = string(v)
	return a, ok, nil
}
func (m *memory) PutAlarm(a Alarm) error { return m.put("alarm", []byte(a.Reason)) }
func (m *memory) Attestation(h Height, p string) (chainhash.Hash, bool, error) {
	return m.hash(fmt.Sprintf("attest/%d/%s", h, p))
}

func (m *memory) PutAttestation(h Height, p string, hash chainhash.Hash) error {
	return m.put(fmt.Sprintf("attest/%d/%s", h, p), hash[:])
}

// miner extends records with headers that the easy rules accept.
type miner struct {
	t     testing.TB
	rules Rules
	at    Record
	salt  uint64
}

// next mines one header, gap seconds after its parent.
func (m *miner) next(gap int64) [HeaderSize]byte {
	m.t.Helper()
	at := uint32(int64(m.at.Time) + gap)
	h := wire.BlockHeader{Version: 4, PrevBlock: m.at.Hash, Timestamp: unix(at), Bits: nextBits(&m.at, at, &m.rules)}
	binary.LittleEndian.PutUint64(h.MerkleRoot[:], m.salt)
	m.salt++
	mine(&h)
	b := raw(&h)
	r, err := Accept(&m.at, &b, &m.rules, int64(at))
	if err != nil {
		m.t.Fatal(err)
	}
	m.at = r
	return b
}

func (m *miner) run(n int) [][HeaderSize]byte {
	m.t.Helper()
	hs := make([][HeaderSize]byte, n)
	for i := range hs {
		hs[i] = m.next(600)
	}
	return hs
}

const later = 2_000_000_000 // a transaction time after every header of these tests

// chain starts a store under easy rules of a network; finality needs attestations only where asked.
func chain(tb testing.TB, name string, attestations int) (*memory, *miner) {
	tb.Helper()
	rules, _ := easy(tb, name, 48)
	rules.Attestations, rules.FinalDepth = attestations, 6
	rules.Version2, rules.Version3, rules.Version4 = 0, 0, 0
	rec, _ := start(tb)
	m := newMemory()
	if err := Start(m, &rules, rec); err != nil {
		tb.Fatal(err)
	}
	return m, &miner{t: tb, rules: rules, at: rec}
}

func submit(tb testing.TB, m *memory, mi *miner, hs ...[HeaderSize]byte) Change {
	tb.Helper()
	c, err := Submit(m, &mi.rules, hs, later)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestSubmitCostsSixReadsFourWrites(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	submit(t, m, mi, mi.run(20)...)
	for i := range 300 {
		m.reads, m.writes = 0, 0
		c := submit(t, m, mi, mi.next(600))
		if m.reads != 6 || m.writes != 4 || len(c.Final) != 1 {
			t.Fatalf("header %d: %d reads %d writes %d final, want 6, 4, 1", i, m.reads, m.writes, len(c.Final))
		}
	}
}

func TestSubmitFinalAtDepth(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	c := submit(t, m, mi, mi.run(5)...)
	if len(c.Final) != 0 {
		t.Fatalf("after 5: got %v final, want none", c.Final)
	}
	c = submit(t, m, mi, mi.run(3)...)
	if len(c.Final) != 3 || c.Tip.Final != 3 || c.Tip.Height != 8 || c.New != 3 {
		t.Fatalf("after 8: got %+v, want 1 to 3 final", c)
	}
}

func TestSubmitTwiceIsHarmless(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	hs := mi.run(10)
	submit(t, m, mi, hs...)
	m.writes = 0
	if c := submit(t, m, mi, hs...); c.New != 0 || m.writes != 0 || c.Tip.Height != 10 {
		t.Fatalf("got %+v with %d writes, want nothing new", c, m.writes)
	}
}

func TestSubmitReorg(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	submit(t, m, mi, mi.run(10)...)
	fork := *mi
	fork.salt = 1 << 32
	old := mi.run(2)
	submit(t, m, mi, old...)
	branch := fork.run(3)
	if c := submit(t, m, mi, branch[:2]...); len(c.Replaced) != 0 || c.Tip.Hash != mi.at.Hash {
		t.Fatalf("an equal branch moved the tip: %+v", c)
	}
	m.reads, m.writes = 0, 0
	c := submit(t, m, mi, branch[2])
	if c.Tip.Hash != fork.at.Hash || len(c.Replaced) != 2 || c.Alarm != nil || len(c.Final) != 1 {
		t.Fatalf("got %+v, want the tip on the heavier branch", c)
	}
	if m.reads > 12 || m.writes != 6 {
		t.Fatalf("the switching header cost %d reads %d writes, want at most 12 and 6", m.reads, m.writes)
	}
	for h := Height(11); h <= 13; h++ {
		hash, _, _ := m.HashAt(h)
		if rec, ok, _ := m.Header(hash); !ok || rec.Height != h {
			t.Fatalf("n/%d does not name a block of that height", h)
		}
	}
}

func TestSubmitDeepReorgRaisesAlarm(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	submit(t, m, mi, mi.run(10)...)
	fork := *mi
	fork.salt = 1 << 32
	submit(t, m, mi, mi.run(8)...) // 11 to 13 are final now
	c := submit(t, m, mi, fork.run(9)...)
	if c.Alarm == nil || c.Alarm.Height != 13 || len(c.Unfinal) != 3 || len(c.Final) != 0 {
		t.Fatalf("got %+v, want an alarm and three heights taken back", c)
	}
	for h := Height(11); h <= 13; h++ {
		if _, ok, _ := m.FinalAt(h); ok {
			t.Errorf("f/%d is still there", h)
		}
	}
	if _, ok, _ := m.FinalAt(10); !ok {
		t.Error("f/10 was below the fork and is gone")
	}
	if c = submit(t, m, mi, fork.run(3)...); len(c.Final) != 0 || c.Tip.Height != 22 {
		t.Fatalf("under alarm: got %+v, want headers followed and nothing final", c)
	}
	if err := m.del("alarm"); err != nil {
		t.Fatal(err)
	}
	if c = submit(t, m, mi, fork.next(600)); len(c.Final) != 8 || c.Tip.Final != 18 {
		t.Fatalf("after the alarm: got %+v, want 11 to 18 final", c)
	}
}

// A heavier branch may be shorter: then heights above the new tip leave the chain.
func TestSubmitShorterHeavierBranch(t *testing.T) {
	m, mi := chain(t, "testnet4", 0)
	for range 47 {
		submit(t, m, mi, mi.next(100)) // a fast period, so that real difficulty rises
	}
	submit(t, m, mi, mi.next(600))
	fork := *mi
	fork.salt = 1 << 33
	for range 3 {
		submit(t, m, mi, mi.next(1300)) // three blocks of least difficulty
	}
	if mi.at.Bits != mi.rules.Limit {
		t.Fatalf("the branch has bits %x, want least difficulty", mi.at.Bits)
	}
	c := submit(t, m, mi, fork.next(600))
	if c.Tip.Hash != fork.at.Hash || len(c.Replaced) != 3 {
		t.Fatalf("got %+v, want one real block to outweigh three", c)
	}
	for h := c.Tip.Height + 1; h <= mi.at.Height; h++ {
		if _, ok, _ := m.HashAt(h); ok {
			t.Errorf("n/%d is above the tip", h)
		}
	}
}

// testnet4's forgery: blocks of least difficulty, 1,201 s apart, confirm nothing by work.
func TestMinimumDifficultyConfirmsNothing(t *testing.T) {
	m, mi := chain(t, "testnet4", 0)
	for range 48 * 6 {
		submit(t, m, mi, mi.next(150)) // difficulty rises fourfold a period
		if mi.at.Height%48 == 0 && mi.at.Height > 48*2 {
			break
		}
	}
	payment := mi.at
	c := Change{}
	for range 5 {
		c = submit(t, m, mi, mi.next(1201))
	}
	if mi.at.Bits != mi.rules.Limit || mi.at.LastBits == mi.rules.Limit {
		t.Fatalf("not the forgery that was meant: bits %x, last %x", mi.at.Bits, mi.at.LastBits)
	}
	if d := Depth(&mi.at, &payment); d > 1 {
		t.Fatalf("depth after five free blocks: got %d, want 1", d)
	}
	if c.Tip.Final >= payment.Height {
		t.Fatalf("final up to %d, the payment is at %d", c.Tip.Final, payment.Height)
	}
}

func TestDepth(t *testing.T) {
	_, mi := chain(t, "mainnet", 0)
	rec := mi.at
	if got := Depth(&rec, &rec); got != 1 {
		t.Errorf("the tip itself: got %d want 1", got)
	}
	mi.run(7)
	if got := Depth(&mi.at, &rec); got != 8 {
		t.Errorf("seven on top: got %d want 8", got)
	}
	if got := Depth(&rec, &mi.at); got != 0 {
		t.Errorf("above the tip: got %d want 0", got)
	}
}

func TestAttest(t *testing.T) {
	partners := []string{"A", "B", "C"}
	m, mi := chain(t, "regtest", 2)
	first := mi.next(600)
	b := Block{mi.at.Height, mi.at.Hash}
	if c := submit(t, m, mi, append([][HeaderSize]byte{first}, mi.run(4)...)...); len(c.Final) != 0 {
		t.Fatalf("work alone made %v final", c.Final)
	}
	steps := []struct {
		name    string
		partner string
		block   Block
		wantErr error
		final   int
	}{
		{"a stranger", "X", b, ErrAttester, 0},
		{"too early", "A", b, ErrNotDeep, 0},
		{"deep enough, alone", "A", b, nil, 0},
		{"again", "A", b, ErrAttested, 0},
		{"a block off the chain", "B", Block{2, chainhash.Hash{1}}, ErrNotActive, 0},
		{"the second partner", "B", b, nil, 1},
		{"the third", "C", b, nil, 0},
	}
	for i, s := range steps {
		if i == 2 {
			submit(t, m, mi, mi.next(600))
		}
		c, err := Attest(m, &mi.rules, partners, s.partner, s.block)
		if !errors.Is(err, s.wantErr) || len(c.Final) != s.final {
			t.Fatalf("%s: got %v, %d final; want %v, %d", s.name, err, len(c.Final), s.wantErr, s.final)
		}
	}
	if hash, ok, _ := m.FinalAt(1); !ok || hash != b.Hash {
		t.Fatalf("f/1: got %v %v", hash, ok)
	}
	if _, err := Attest(m, &Rules{}, partners, "A", b); !errors.Is(err, ErrNotAttested) {
		t.Fatalf("where work protects: got %v want %v", err, ErrNotAttested)
	}
}

func TestAttestContradictionRaisesAlarm(t *testing.T) {
	partners := []string{"A", "B"}
	m, mi := chain(t, "regtest", 2)
	submit(t, m, mi, mi.run(10)...)
	hash, _, _ := m.HashAt(3)
	if _, err := Attest(m, &mi.rules, partners, "A", Block{3, hash}); err != nil {
		t.Fatal(err)
	}
	c, err := Attest(m, &mi.rules, partners, "B", Block{3, chainhash.Hash{5}})
	if err != nil || c.Alarm == nil {
		t.Fatalf("got %+v %v, want the alarm", c, err)
	}
	if _, err := Attest(m, &mi.rules, partners, "B", Block{3, hash}); !errors.Is(err, ErrAlarm) {
		t.Fatalf("after it: got %v want %v", err, ErrAlarm)
	}
	if _, err := ProveFinal(m, Block{Height: 3}, &Proof{}); !errors.Is(err, ErrAlarm) {
		t.Fatalf("a payment: got %v want %v", err, ErrAlarm)
	}
}

func TestAttestedReorgTakesFinalBack(t *testing.T) {
	m, mi := chain(t, "regtest", 2)
	submit(t, m, mi, mi.run(2)...)
	fork := *mi
	fork.salt = 1 << 32
	submit(t, m, mi, mi.run(6)...)
	hash, _, _ := m.HashAt(3)
	for _, p := range []string{"A", "B"} {
		if _, err := Attest(m, &mi.rules, []string{"A", "B"}, p, Block{3, hash}); err != nil {
			t.Fatal(err)
		}
	}
	c := submit(t, m, mi, fork.run(7)...)
	if c.Alarm == nil || len(c.Unfinal) != 1 {
		t.Fatalf("got %+v, want the alarm", c)
	}
	if _, err := ProveFinal(m, Block{Height: 3}, &Proof{}); !errors.Is(err, ErrAlarm) {
		t.Fatalf("a payment: got %v want %v", err, ErrAlarm)
	}
}

func TestProveFinalReadsThreeKeys(t *testing.T) {
	m, mi := chain(t, "mainnet", 0)
	submit(t, m, mi, mi.run(7)...)
	second, _, err := m.FinalAt(2)
	if err != nil {
		t.Fatal(err)
	}
	m.reads = 0
	_, err = ProveFinal(m, Block{Height: 2, Hash: second}, &Proof{})
	if !errors.Is(err, ErrTransaction) || m.reads != 3 {
		t.Fatalf("got %v with %d reads, want %v with 3", err, m.reads, ErrTransaction)
	}
	if _, err := ProveFinal(m, Block{Height: 7}, &Proof{}); !errors.Is(err, ErrNotFinal) {
		t.Fatalf("a block not final: got %v want %v", err, ErrNotFinal)
	}
	if _, err := ProveFinal(m, Block{Height: 1, Hash: second}, &Proof{}); !errors.Is(err, ErrOtherFinal) {
		t.Fatalf("another block of the height: got %v want %v", err, ErrOtherFinal)
	}
}
