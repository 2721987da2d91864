package audit

import (
	"bytes"
	"slices"
	"time"

	"github.com/guildmark/guildmark/chaincode/replay"
)

// Act is a valid transaction as the books cite it.
type Act struct {
	TxID      string    `json:"txid"`
	Block     uint64    `json:"block"`
	Time      time.Time `json:"time"`      // as its writer dated it; endorsers bound it (T7)
	Function  string    `json:"function"`  // "" for a channel configuration
	Writer    string    `json:"writer"`    // who made it, as its certificate names it: oracle.operator
	Endorsers []string  `json:"endorsers"` // MSPs whose peers signed the result

	args [][]byte // of the function
}

// acts finds the transaction that wrote a version of a key.
type acts map[replay.Version]*Act

// newAct notes who made a transaction, what it called and who endorsed it.
func newAct(t *transaction, writer string, block uint64) *Act {
	a := &Act{
		TxID: t.channel.GetTxId(), Block: block, Time: t.time().UTC().Truncate(time.Second),
		Writer: writer, Endorsers: []string{},
	}
	if len(t.args) > 0 {
		a.Function, a.args = string(t.args[0]), t.args[1:]
	}
	for _, e := range t.good() {
		if !slices.Contains(a.Endorsers, e.msp) {
			a.Endorsers = append(a.Endorsers, e.msp)
		}
	}
	slices.Sort(a.Endorsers)
	return a
}

// same tells whether both ask for the same.
func (a *Act) same(b *Act) bool {
	return a.Function == b.Function && slices.EqualFunc(a.args, b.args, bytes.Equal)
}

// of finds the transaction that wrote a key last.
func (a acts) of(m *replay.Memory, key string) *Act {
	e, ok := m.Get(key)
	if !ok {
		return nil
	}
	return a[e.Version]
}
