package replay

import (
	"errors"
	"fmt"
	"slices"
)

// Version is where a key was written last, as Fabric counts: the block, and the transaction's place in it.
type Version struct {
	Block uint64
	Tx    uint64
}

// Entry is a key's value and version.
type Entry struct {
	Key     string
	Value   []byte
	Version Version
}

// State is what transactions read.
type State interface {
	// Get finds a key; ok is false where there is none.
	Get(key string) (e Entry, ok bool)
	// Range gives the entries from start inclusive to end exclusive, in order of their keys.
	Range(start, end string) []Entry
}

// ErrConflict says that something a transaction has read was changed before it was applied (MVCC), so that it
// is invalid and its caller runs it again.
var ErrConflict = errors.New("a key or range that the transaction read has changed")

// Memory is a State in memory. The zero value is an empty ledger.
type Memory struct {
	entries map[string]Entry
	keys    []string // sorted
}

// Get implements State.
func (m *Memory) Get(key string) (Entry, bool) {
	e, ok := m.entries[key]
	return e, ok
}

// Range implements State.
func (m *Memory) Range(start, end string) []Entry {
	from, _ := slices.BinarySearch(m.keys, start)
	to, _ := slices.BinarySearch(m.keys, end)
	found := make([]Entry, 0, max(to-from, 0))
	for i := from; i < to; i++ {
		found = append(found, m.entries[m.keys[i]])
	}
	return found
}

// Keys lists all keys in order.
func (m *Memory) Keys() []string { return slices.Clone(m.keys) }

// Apply writes a valid transaction's write set.
func (m *Memory) Apply(writes []Write, at Version) {
	if m.entries == nil {
		m.entries = map[string]Entry{}
	}
	for _, w := range writes {
		i, found := slices.BinarySearch(m.keys, w.Key)
		switch {
		case w.Delete && found:
			m.keys = slices.Delete(m.keys, i, i+1)
			delete(m.entries, w.Key)
			continue
		case w.Delete:
			continue
		case !found:
			m.keys = slices.Insert(m.keys, i, w.Key)
		}
		m.entries[w.Key] = Entry{Key: w.Key, Value: slices.Clone(w.Value), Version: at}
	}
}

// Commit validates a result as a peer does when it commits the block, then applies it. It returns ErrConflict
// and changes nothing when what the transaction read is not what stands now.
func (m *Memory) Commit(r Result, at Version) error {
	if !r.OK() {
		return fmt.Errorf("commit a refused transaction: %s", r.Message)
	}
	for _, read := range r.Reads {
		e, ok := m.Get(read.Key)
		if ok != read.Found || e.Version != read.Version {
			return fmt.Errorf("%w: %s", ErrConflict, read.Key)
		}
	}
	for _, q := range r.Ranges {
		if !slices.EqualFunc(m.Range(q.Start, q.End), q.Found, func(e Entry, f Read) bool {
			return e.Key == f.Key && e.Version == f.Version
		}) {
			return fmt.Errorf("%w: range %s", ErrConflict, q.Start)
		}
	}
	m.Apply(r.Writes, at)
	return nil
}
