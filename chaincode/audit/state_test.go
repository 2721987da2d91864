package audit

import (
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/replay"
)

func version(block, tx uint64) *kvrwset.Version { return &kvrwset.Version{BlockNum: block, TxNum: tx} }

// The flags of Fabric's own validation, recomputed.
func TestJudge(t *testing.T) {
	s := state{}
	s.space("cc").Apply([]replay.Write{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2")}},
		replay.Version{Block: 3, Tx: 1})
	s.space(private("cc", "col")).Apply([]replay.Write{{Key: "ff", Value: []byte("h")}}, replay.Version{Block: 2})
	reads := func(list ...*kvrwset.KVRead) nsSet { return nsSet{name: "cc", kv: &kvrwset.KVRWSet{Reads: list}} }
	ranged := func(exhausted bool, list ...*kvrwset.KVRead) nsSet {
		return nsSet{name: "cc", kv: &kvrwset.KVRWSet{RangeQueriesInfo: []*kvrwset.RangeQueryInfo{{
			StartKey: "a", EndKey: "z", ItrExhausted: exhausted,
			ReadsInfo: &kvrwset.RangeQueryInfo_RawReads{RawReads: &kvrwset.QueryReads{KvReads: list}},
		}}}}
	}
	hashed := func(v *kvrwset.Version) nsSet {
		return nsSet{
			name: "cc", kv: &kvrwset.KVRWSet{},
			hashed: map[string]*kvrwset.HashedRWSet{
				"col": {HashedReads: []*kvrwset.KVReadHash{{KeyHash: []byte{0xff}, Version: v}}},
			},
		}
	}
	a, b := &kvrwset.KVRead{Key: "a", Version: version(3, 1)}, &kvrwset.KVRead{Key: "b", Version: version(3, 1)}
	const valid, mvcc, phantom = peer.TxValidationCode_VALID, peer.TxValidationCode_MVCC_READ_CONFLICT,
		peer.TxValidationCode_PHANTOM_READ_CONFLICT
	tests := []struct {
		name string
		set  nsSet
		want peer.TxValidationCode
	}{
		{"as it stands", reads(a, b), valid},
		{"absent as it was", reads(&kvrwset.KVRead{Key: "c"}), valid},
		{"written since", reads(&kvrwset.KVRead{Key: "a", Version: version(3, 0)}), mvcc},
		{"created since", reads(&kvrwset.KVRead{Key: "a"}), mvcc},
		{"deleted since", reads(&kvrwset.KVRead{Key: "c", Version: version(1, 0)}), mvcc},
		{"private as it stands", hashed(version(2, 0)), valid},
		{"private written since", hashed(version(1, 0)), mvcc},
		{"whole range", ranged(true, a, b), valid},
		{"part of a range", ranged(false, a), valid},
		{"a key more in the range", ranged(true, a), phantom},
		{"a key less in the range", ranged(true, a, b, &kvrwset.KVRead{Key: "c", Version: version(1, 0)}), phantom},
		{"another key in the range", ranged(true, a, &kvrwset.KVRead{Key: "c", Version: version(3, 1)}), phantom},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.judge(&transaction{sets: []nsSet{tt.set}})
			if err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// OutOf(2, three partners' peers), as the network defines it.
func TestPolicy(t *testing.T) {
	var rules []*common.SignaturePolicy
	var principals []*msp.MSPPrincipal
	for i, name := range []string{"O", "M", "L"} {
		role, err := marshal(&msp.MSPRole{MspIdentifier: name, Role: msp.MSPRole_PEER})
		if err != nil {
			t.Fatal(err)
		}
		principals = append(principals, &msp.MSPPrincipal{
			PrincipalClassification: msp.MSPPrincipal_ROLE,
			Principal:               role,
		})
		rules = append(rules, &common.SignaturePolicy{Type: &common.SignaturePolicy_SignedBy{SignedBy: int32(i)}})
	}
	rule := &common.SignaturePolicy{Type: &common.SignaturePolicy_NOutOf_{
		NOutOf: &common.SignaturePolicy_NOutOf{N: 2, Rules: rules},
	}}
	p := policies{"cc": {Rule: rule, Identities: principals}}
	by := func(ou string, names ...string) []endorser {
		var list []endorser
		for _, n := range names {
			list = append(list, endorser{msp: n, ous: []string{ou}})
		}
		return list
	}
	tests := []struct {
		name      string
		chaincode string
		endorsers []endorser
		ok        bool
	}{
		{"two", "cc", by("peer", "L", "O"), true},
		{"three", "cc", by("peer", "O", "M", "L"), true},
		{"one", "cc", by("peer", "O"), false},
		{"one twice", "cc", by("peer", "O", "O"), false},
		{"a stranger", "cc", by("peer", "O", "X"), false},
		{"clients", "cc", by("client", "O", "M"), false},
		{"nobody", "cc", nil, false},
		{"no definition", "other", by("peer", "O", "M", "L"), false},
		{"one doesn't fit", "cc", append(by("peer", "O"),
			endorser{msp: "M", ous: []string{"peer"}, err: ErrFolder}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := p.check(&transaction{chaincode: tt.chaincode, endorsers: tt.endorsers}, &configuration{})
			if (err == nil) != tt.ok {
				t.Errorf("got %v, want ok = %v", err, tt.ok)
			}
		})
	}
}

func TestQuorumOfOrderers(t *testing.T) {
	for n, want := range map[int]int{4: 3, 5: 4, 6: 4, 7: 5, 10: 7} {
		c := &configuration{bft: true, consenters: map[uint32]*common.Consenter{}}
		for i := range n {
			c.consenters[uint32(i)] = &common.Consenter{}
		}
		if got := c.quorum(); got != want {
			t.Errorf("of %d: got %d, want %d", n, got, want)
		}
	}
	if got := (&configuration{}).quorum(); got != 1 {
		t.Errorf("without BFT: got %d, want 1", got)
	}
}
