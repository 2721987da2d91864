package audit

import (
	"encoding/hex"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/replay"
)

// state is the whole channel's state as the blocks make it: each namespace, and each private collection as
// the hashes that stand on the ledger.
type state map[string]*replay.Memory

func (s state) space(name string) *replay.Memory {
	m := s[name]
	if m == nil {
		m = &replay.Memory{}
		s[name] = m
	}
	return m
}

func private(namespace, collection string) string { return namespace + "\x00" + collection }

// judge gives the flag that a transaction deserves for what it read, as a peer would when it commits the block.
func (s state) judge(t *transaction) (peer.TxValidationCode, error) {
	for _, set := range t.sets {
		if !s.unchanged(set) {
			return peer.TxValidationCode_MVCC_READ_CONFLICT, nil
		}
	}
	for _, set := range t.sets {
		for _, q := range set.kv.GetRangeQueriesInfo() {
			same, err := sameRange(s.space(set.name), q)
			if err != nil {
				return 0, err
			}
			if !same {
				return peer.TxValidationCode_PHANTOM_READ_CONFLICT, nil
			}
		}
	}
	return peer.TxValidationCode_VALID, nil
}

// unchanged reports whether every key that was read still has the version it was read at.
func (s state) unchanged(set nsSet) bool {
	for _, r := range set.kv.GetReads() {
		if !fits(s.space(set.name), r.GetKey(), r.GetVersion()) {
			return false
		}
	}
	for collection, h := range set.hashed {
		for _, r := range h.GetHashedReads() {
			if !fits(s.space(private(set.name, collection)), hex.EncodeToString(r.GetKeyHash()), r.GetVersion()) {
				return false
			}
		}
	}
	return true
}

func fits(m *replay.Memory, key string, version *kvrwset.Version) bool {
	e, ok := m.Get(key)
	if version == nil {
		return !ok
	}
	return ok && e.Version == replay.Version{Block: version.GetBlockNum(), Tx: version.GetTxNum()}
}

func sameRange(m *replay.Memory, q *kvrwset.RangeQueryInfo) (bool, error) {
	if q.GetReadsMerkleHashes() != nil {
		return false, fmt.Errorf("a range too long to be listed (from %q)", q.GetStartKey())
	}
	reads := q.GetRawReads().GetKvReads()
	now := m.Range(q.GetStartKey(), q.GetEndKey())
	if !q.GetItrExhausted() && len(now) > len(reads) {
		now = now[:len(reads)]
	}
	if len(now) != len(reads) {
		return false, nil
	}
	for i, r := range reads {
		if now[i].Key != r.GetKey() || !fits(m, r.GetKey(), r.GetVersion()) {
			return false, nil
		}
	}
	return true, nil
}

// apply writes a valid transaction's sets.
func (s state) apply(t *transaction, at replay.Version) {
	for _, set := range t.sets {
		s.space(set.name).Apply(writes(set.kv.GetWrites()), at)
		for collection, h := range set.hashed {
			var list []replay.Write
			for _, w := range h.GetHashedWrites() {
				list = append(list, replay.Write{
					Key:   hex.EncodeToString(w.GetKeyHash()),
					Value: w.GetValueHash(), Delete: w.GetIsDelete(),
				})
			}
			s.space(private(set.name, collection)).Apply(list, at)
		}
	}
}

func writes(list []*kvrwset.KVWrite) []replay.Write {
	out := make([]replay.Write, 0, len(list))
	for _, w := range list {
		out = append(out, replay.Write{Key: w.GetKey(), Value: w.GetValue(), Delete: w.GetIsDelete()})
	}
	return out
}
