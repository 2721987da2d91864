package audit

import (
	"cmp"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/replay"
)

// Why a transaction was rightly stored as invalid.
const (
	ReasonSame     = "same"     // another writer's transaction that asked for the same came first
	ReasonOvertook = "overtook" // another transaction changed what it had read
	ReasonPolicy   = "policy"   // its endorsements don't satisfy the policy
	ReasonRepeated = "repeated" // its id had been used
)

// Invalid are transactions that stand in blocks and changed nothing, of one function and for one reason.
type Invalid struct {
	Reason   string         `json:"reason"`
	Flag     string         `json:"flag"` // as Fabric names it
	Function string         `json:"function"`
	By       string         `json:"by,omitempty"` // the function that came first
	Count    int            `json:"count"`
	Writers  map[string]int `json:"writers"` // how many are whose
}

// reject counts a transaction that was rightly stored as invalid.
func (r *run) reject(t *transaction, writer string, flag peer.TxValidationCode) {
	a := newAct(t, writer, 0)
	v := Invalid{Flag: flag.String(), Function: a.Function, Count: 1, Writers: map[string]int{writer: 1}}
	switch flag {
	case peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE:
		v.Reason = ReasonPolicy
	case peer.TxValidationCode_DUPLICATE_TXID:
		v.Reason = ReasonRepeated
	default:
		v.Reason = ReasonOvertook
		if first := r.overtaker(t); first != nil {
			v.By = first.Function
			if first.same(a) {
				v.Reason = ReasonSame
			}
		}
	}
	for i, known := range r.report.Invalid {
		if known.Reason == v.Reason && known.Flag == v.Flag && known.Function == v.Function && known.By == v.By {
			r.report.Invalid[i].Count++
			known.Writers[writer]++
			return
		}
	}
	r.report.Invalid = append(r.report.Invalid, v)
}

// overtaker finds the transaction that changed what another had read; nil when what was read is gone.
func (r *run) overtaker(t *transaction) *Act {
	for _, set := range t.sets {
		public := r.state.space(set.name)
		if key, found := changed(public, set.kv.GetReads()); found {
			return r.acts.of(public, key)
		}
		for collection, h := range set.hashed {
			var reads []*kvrwset.KVRead
			for _, read := range h.GetHashedReads() {
				reads = append(reads, &kvrwset.KVRead{
					Key:     hex.EncodeToString(read.GetKeyHash()),
					Version: read.GetVersion(),
				})
			}
			hidden := r.state.space(private(set.name, collection))
			if key, found := changed(hidden, reads); found {
				return r.acts.of(hidden, key)
			}
		}
		for _, q := range set.kv.GetRangeQueriesInfo() {
			if a := r.acts[newcomer(public, q)]; a != nil {
				return a
			}
		}
	}
	return nil
}

// changed finds the first key that no longer has the version at which it was read.
func changed(m *replay.Memory, reads []*kvrwset.KVRead) (key string, found bool) {
	for _, read := range reads {
		if !fits(m, read.GetKey(), read.GetVersion()) {
			return read.GetKey(), true
		}
	}
	return "", false
}

// newcomer is the newest version within a range that is not among those that were read.
func newcomer(m *replay.Memory, q *kvrwset.RangeQueryInfo) (newest replay.Version) {
	read := map[string]*kvrwset.Version{}
	for _, r := range q.GetRawReads().GetKvReads() {
		read[r.GetKey()] = r.GetVersion()
	}
	for _, e := range m.Range(q.GetStartKey(), q.GetEndKey()) {
		if v := read[e.Key]; v != nil && fits(m, e.Key, v) {
			continue
		}
		if cmp.Or(cmp.Compare(e.Version.Block, newest.Block), cmp.Compare(e.Version.Tx, newest.Tx)) > 0 {
			newest = e.Version
		}
	}
	return newest
}

// why explains the reason in a sentence.
func (v Invalid) why() string {
	switch v.Reason {
	case ReasonSame:
		return "another writer had just sent the same"
	case ReasonPolicy:
		return "its endorsements do not satisfy the policy"
	case ReasonRepeated:
		return "its id had been used"
	}
	switch v.By {
	case "":
		return "what it had read was changed"
	case v.Function:
		return "another one had just changed what it read"
	}
	return v.By + " had just changed what it read"
}

// whose lists the writers, those with most first.
func (v Invalid) whose() string {
	names := slices.SortedFunc(maps.Keys(v.Writers), func(a, b string) int {
		return cmp.Or(cmp.Compare(v.Writers[b], v.Writers[a]), cmp.Compare(a, b))
	})
	for i, n := range names {
		names[i] = number(v.Writers[n]) + " by " + n
	}
	return strings.Join(names, ", ")
}
