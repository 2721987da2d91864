package spv

import (
	"errors"
	"slices"
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// MaxHeaders is how many headers one step takes.
const MaxHeaders = 500

// Tip is the end of the active chain, the chain of most work; key tip, written by submissions of headers
// only and never read by payments.
type Tip struct {
	Hash   chainhash.Hash `json:"hash"`
	Height Height         `json:"height"`
	// highest height whose depth made it final; where blocks are attested, the start's
	Final Height `json:"final"`
}

// Store is where the chain's keys live. A get returns ok = false where there is no such key. Within one step
// every key is read at most once and written at most once, writes after all reads.
type Store interface {
	Tip() (tip Tip, ok bool, err error)               // tip
	PutTip(tip Tip) error                             //
	Header(hash chainhash.Hash) (Record, bool, error) // h/<hash>
	PutHeader(r Record) error                         //
	HashAt(h Height) (chainhash.Hash, bool, error)    // n/<height>: the active chain
	PutHashAt(h Height, hash chainhash.Hash) error    //
	DeleteHashAt(h Height) error                      // the new chain has more work in fewer blocks
	FinalAt(h Height) (chainhash.Hash, bool, error)   // f/<height>: what payments read
	PutFinalAt(h Height, hash chainhash.Hash) error   //
	DeleteFinalAt(h Height) error                     // a final block left the chain
	Alarm() (Alarm, bool, error)                      // alarm: present = stop crediting
	PutAlarm(a Alarm) error                           //
}

// Alarm says what contradicted a final block; only an operator's decision removes it.
type Alarm struct {
	Height Height         `json:"height"`
	Final  chainhash.Hash `json:"final"`  // what was final, or attested
	Other  chainhash.Hash `json:"other"`  // what contradicts it
	Reason string         `json:"reason"` // reorg or attestation
}

// Block names a block on the chain.
type Block struct {
	Height Height         `json:"height"`
	Hash   chainhash.Hash `json:"hash"`
}

// Change is what a step (one call of Start, Submit or Attest) did, for the one event that a contract emits.
type Change struct {
	Tip      Tip     // after the step
	New      int     // headers that were not known before
	Replaced []Block // blocks that left the active chain, lowest first
	Final    []Block // heights that became final
	Unfinal  []Block // final heights that a deep reorg took back
	Alarm    *Alarm  // raised by this step
}

// CheckNew demands that a step brought a header that was not known before.
func (c Change) CheckNew() error {
	if c.New == 0 {
		return ErrNothingNew
	}
	return nil
}

// Start writes the trusted start of the chain. It counts as final without depth or attestations, and
// nothing below it can be proven.
func Start(s Store, rules *Rules, start Record) error {
	if err := rules.checkStart(&start); err != nil {
		return err
	}
	if _, ok, err := s.Tip(); err != nil {
		return err
	} else if ok {
		return ErrStarted
	}
	if err := s.PutHeader(start); err != nil {
		return err
	}
	if err := s.PutHashAt(start.Height, start.Hash); err != nil {
		return err
	}
	return s.PutTip(Tip{Hash: start.Hash, Height: start.Height, Final: start.Height})
}

// Submit accepts a run of headers, oldest first, each of which must follow a known one, and moves the tip to
// the branch of most work. Known headers are passed over, so repeating a step is harmless. While an alarm
// stands, headers are still followed, and nothing becomes final.
//
// On the store one header that extends the tip costs 6 reads and 4 writes at any height.
func Submit(s Store, rules *Rules, headers [][HeaderSize]byte, txTime int64) (Change, error) {
	if len(headers) == 0 || len(headers) > MaxHeaders {
		return Change{}, ErrTooMany.Field("headers", len(headers), "1 to "+strconv.Itoa(MaxHeaders))
	}
	st, err := open(s, rules)
	if err != nil {
		return Change{}, err
	}
	for i := range headers {
		if err := st.accept(&headers[i], txTime); err != nil {
			return Change{}, err
		}
	}
	return st.close()
}

// step is one call of Submit: what was read, what will be written.
type step struct {
	store   Store
	rules   *Rules
	tip     Tip
	tipRec  Record
	alarmed bool
	change  Change

	headers map[chainhash.Hash]Record
	fresh   []chainhash.Hash          // accepted in this step, in order
	active  map[Height]chainhash.Hash // n/ as this step rewrites it
	before  map[Height]chainhash.Hash // n/ as it was where this step read it
	finals  map[Height]chainhash.Hash
	taken   map[Height]bool // f/ to delete
	gone    map[Height]bool // n/ to delete
}

func open(s Store, rules *Rules) (*step, error) {
	tip, ok, err := s.Tip()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNotStarted
	}
	_, alarmed, err := s.Alarm()
	if err != nil {
		return nil, err
	}
	st := &step{
		store: s, rules: rules, tip: tip, alarmed: alarmed,
		headers: map[chainhash.Hash]Record{}, active: map[Height]chainhash.Hash{},
		before: map[Height]chainhash.Hash{}, finals: map[Height]chainhash.Hash{}, taken: map[Height]bool{},
		gone: map[Height]bool{},
	}
	rec, ok, err := st.header(tip.Hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNotStarted.With("a tip without its record")
	}
	st.tipRec = rec
	return st, nil
}

func (st *step) header(hash chainhash.Hash) (Record, bool, error) {
	if r, ok := st.headers[hash]; ok {
		return r, true, nil
	}
	r, ok, err := st.store.Header(hash)
	if ok && err == nil {
		st.headers[hash] = r
	}
	return r, ok, err
}

// hashAt is n/<height> as this step sees it.
func (st *step) hashAt(h Height) (chainhash.Hash, bool, error) {
	if hash, ok := st.active[h]; ok {
		return hash, true, nil
	}
	if hash, ok := st.before[h]; ok {
		return hash, true, nil
	}
	hash, ok, err := st.store.HashAt(h)
	if ok && err == nil {
		st.before[h] = hash
	}
	return hash, ok, err
}

func (st *step) accept(raw *[HeaderSize]byte, txTime int64) error {
	if _, known, err := st.header(chainhash.DoubleHashH(raw[:])); err != nil || known {
		return err
	}
	prev := parse(raw).prev
	parent, ok, err := st.header(prev)
	if err != nil {
		return err
	}
	if !ok {
		return ErrUnknownParent.With("parent " + prev.String())
	}
	r, err := Accept(&parent, raw, st.rules, txTime)
	if err != nil {
		return err
	}
	st.headers[r.Hash] = r
	st.fresh = append(st.fresh, r.Hash)
	st.change.New++
	if !r.Heavier(&st.tipRec) {
		return nil
	}
	if err := st.activate(&r); err != nil {
		return err
	}
	return st.mature()
}

// activate makes r the tip and rewrites n/ from r down to where its branch leaves the active chain.
func (st *step) activate(r *Record) error {
	if err := st.shorten(r); err != nil {
		return err
	}
	for at := *r; ; {
		shared, err := st.displace(&at)
		if err != nil {
			return err
		}
		if shared {
			break
		}
		st.active[at.Height] = at.Hash
		delete(st.gone, at.Height)
		if at.Prev == st.tip.Hash {
			break
		}
		parent, ok, err := st.header(at.Prev)
		if err != nil {
			return err
		}
		if !ok {
			return ErrUnknownParent.With(at.Prev.String() + ", below the trusted start")
		}
		at = parent
	}
	st.tip.Hash, st.tip.Height, st.tipRec = r.Hash, r.Height, *r
	return nil
}

// displace takes the active block at the height of a branch's block off the chain; shared means that it is
// the very block, where the branch leaves the chain.
func (st *step) displace(at *Record) (shared bool, err error) {
	if at.Height > st.tip.Height {
		return false, nil
	}
	old, ok, err := st.hashAt(at.Height)
	if err != nil || !ok {
		return false, err
	}
	if old == at.Hash {
		return true, nil
	}
	return false, st.replace(Block{at.Height, old}, at.Hash)
}

// shorten takes the active blocks above the new tip off the chain. A branch of fewer blocks can have more
// work, after a change of difficulty.
func (st *step) shorten(r *Record) error {
	for h := st.tip.Height; h > r.Height; h-- {
		old, ok, err := st.hashAt(h)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := st.replace(Block{h, old}, r.Hash); err != nil {
			return err
		}
		delete(st.active, h)
		st.gone[h] = true
	}
	return nil
}

// replace notes a block that leaves the active chain; if it was final, its f/ goes and the alarm rises.
// Within a step it is called from the top of the chain down, as Tip.Final sinks with it.
func (st *step) replace(old Block, by chainhash.Hash) error {
	st.change.Replaced = append(st.change.Replaced, old)
	if !st.rules.Attested() && old.Height > st.tip.Final {
		return nil
	}
	final, ok := st.finals[old.Height]
	if !ok && !st.taken[old.Height] {
		var err error
		if final, ok, err = st.store.FinalAt(old.Height); err != nil {
			return err
		}
		st.taken[old.Height] = ok
	}
	if !ok {
		return nil
	}
	delete(st.finals, old.Height)
	st.change.Unfinal = append(st.change.Unfinal, Block{old.Height, final})
	if st.tip.Final >= old.Height && !st.rules.Attested() {
		st.tip.Final = old.Height - 1
	}
	if !st.alarmed {
		st.alarmed = true
		st.change.Alarm = &Alarm{Height: old.Height, Final: final, Other: by, Reason: "reorg"}
	}
	return nil
}

// maxFinal is how many blocks one step makes final; the next steps go on. When a consortium turns from
// attestations to work alone, all blocks since the start are due at once, more than a peer's time for one
// transaction.
const maxFinal = 2 * MaxHeaders

// mature notes the heights that the new tip's work made final. Where blocks are attested, Attest does it
// instead.
func (st *step) mature() error {
	if st.alarmed || st.rules.Attested() {
		return nil
	}
	for st.tip.Height-st.tip.Final >= Height(st.rules.FinalDepth) && len(st.finals) < maxFinal {
		h := st.tip.Final + 1
		hash, ok, err := st.hashAt(h)
		if err != nil || !ok {
			return err
		}
		r, ok, err := st.header(hash)
		if err != nil || !ok || Depth(&st.tipRec, &r) < st.rules.FinalDepth {
			return err
		}
		st.finals[h] = hash
		st.tip.Final = h
		st.change.Final = append(st.change.Final, Block{h, hash})
	}
	return nil
}

// close writes what the step changed, in a fixed order.
func (st *step) close() (Change, error) {
	st.change.Tip = st.tip
	if st.change.New == 0 {
		return st.change, nil
	}
	for _, hash := range st.fresh {
		if err := st.store.PutHeader(st.headers[hash]); err != nil {
			return Change{}, err
		}
	}
	if err := st.closeHeights(); err != nil {
		return Change{}, err
	}
	if st.change.Alarm != nil {
		if err := st.store.PutAlarm(*st.change.Alarm); err != nil {
			return Change{}, err
		}
	}
	return st.change, st.store.PutTip(st.tip)
}

// closeHeights writes and deletes n/ and f/.
func (st *step) closeHeights() error {
	return errors.Join(
		each(st.active, st.store.PutHashAt),
		each(st.gone, func(h Height, _ bool) error { return st.store.DeleteHashAt(h) }),
		each(st.taken, func(h Height, was bool) error {
			if !was {
				return nil
			}
			return st.store.DeleteFinalAt(h)
		}),
		each(st.finals, st.store.PutFinalAt),
	)
}

// each calls do for a map's entries in order of height, until one fails.
func each[V any](m map[Height]V, do func(Height, V) error) error {
	for _, h := range heights(m) {
		if err := do(h, m[h]); err != nil {
			return err
		}
	}
	return nil
}

// heights are a map's keys, sorted: endorsers must write the same, and Go's order of a map differs each time.
func heights[V any](m map[Height]V) []Height {
	hs := make([]Height, 0, len(m))
	for h := range m {
		hs = append(hs, h)
	}
	slices.Sort(hs)
	return hs
}
