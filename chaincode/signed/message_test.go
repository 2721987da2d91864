package signed

import (
	"bytes"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// The own readers and Fabric's generated messages must read the same, whatever a message holds.
func TestReadersAgreeWithGeneratedMessages(t *testing.T) {
	kv := func(s *kvrwset.KVRWSet) []byte {
		return marshal(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{
			{Namespace: "a"},
			{Namespace: "guildmark", Rwset: marshal(t, s)},
		}})
	}
	reads := []*kvrwset.KVRead{{Key: "a"}, {Key: "b", Version: &kvrwset.Version{BlockNum: 1, TxNum: 2}}}
	tests := []struct {
		name   string
		action *peer.ChaincodeAction
		writes bool
	}{
		{"empty", &peer.ChaincodeAction{}, false},
		{"reads", &peer.ChaincodeAction{Results: kv(&kvrwset.KVRWSet{Reads: reads})}, false},
		{"range", &peer.ChaincodeAction{Results: kv(
			&kvrwset.KVRWSet{RangeQueriesInfo: []*kvrwset.RangeQueryInfo{{StartKey: "a"}, {StartKey: "b"}}})}, false},
		{"write", &peer.ChaincodeAction{Results: kv(&kvrwset.KVRWSet{Writes: []*kvrwset.KVWrite{{Key: "a"}}})}, true},
		{"two writes", &peer.ChaincodeAction{Results: kv(&kvrwset.KVRWSet{Writes: []*kvrwset.KVWrite{
			{Key: "a"},
			{Key: "b"},
		}})}, true},
		{"empty write", &peer.ChaincodeAction{Results: kv(&kvrwset.KVRWSet{Writes: []*kvrwset.KVWrite{{}}})}, true},
		{"metadata", &peer.ChaincodeAction{Results: kv(
			&kvrwset.KVRWSet{MetadataWrites: []*kvrwset.KVMetadataWrite{{Key: "a"}}})}, true},
		{"private", &peer.ChaincodeAction{Results: marshal(t, &rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{
			{CollectionHashedRwset: []*rwset.CollectionHashedReadWriteSet{{CollectionName: "c"}}},
		}})}, true},
		{"event", &peer.ChaincodeAction{Events: []byte("x")}, true},
		{"all", &peer.ChaincodeAction{
			Results:     kv(&kvrwset.KVRWSet{Reads: reads}),
			Response:    &peer.Response{Status: 404, Message: "no", Payload: []byte("p")},
			ChaincodeId: &peer.ChaincodeID{Path: "x", Name: "guildmark", Version: "7"},
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := readPayload(marshal(t,
				&peer.ProposalResponsePayload{ProposalHash: []byte("hash"), Extension: marshal(t, tt.action)}))
			if err != nil {
				t.Fatal(err)
			}
			if p.status != uint64(tt.action.GetResponse().GetStatus()) ||
				!bytes.Equal(p.result, tt.action.GetResponse().GetPayload()) ||
				p.chaincode != tt.action.GetChaincodeId().GetName() || p.writes != tt.writes ||
				string(p.proposalHash) != "hash" {
				t.Errorf("got %+v of %v", p, tt.action)
			}
		})
	}
}

func TestReadersRefuse(t *testing.T) {
	id := marshal(t, &msp.SerializedIdentity{Mspid: "A", IdBytes: []byte("c")})
	header := marshal(t, &common.ChannelHeader{
		Type: 3, ChannelId: "c", Timestamp: timestamppb.Now(),
		Extension: marshal(t, &peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: "g"}}),
	})
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1)
	tests := []struct {
		name string
		read func() error
	}{
		{"field twice", func() error { _, err := readIdentity(append(bytes.Clone(id), id...)); return err }},
		{"unknown field", func() error { _, err := readIdentity(append(bytes.Clone(id), unknown...)); return err }},
		{"cut short", func() error { _, err := readIdentity(id[:len(id)-1]); return err }},
		{"wrong wire type", func() error { _, err := readIdentity([]byte{0x08, 0x01, 0x12, 0x01, 'c'}); return err }},
		{"descending fields", func() error {
			_,
				err := readIdentity([]byte{0x12, 0x01, 'c', 0x0a, 0x01, 'A'})
			return err
		}},
		{"no MSP", func() error { _, err := readIdentity([]byte{0x12, 0x01, 'c'}); return err }},
		{"header of a configuration", func() error {
			_,
				err := readChannelHeader(marshal(t, &common.ChannelHeader{Type: 1}))
			return err
		}},
		{"header with an epoch", func() error {
			_, err := readChannelHeader(marshal(t, &common.ChannelHeader{Type: 3, Epoch: 1}))
			return err
		}},
		{"header with a tail", func() error {
			_,
				err := readChannelHeader(append(bytes.Clone(header), unknown...))
			return err
		}},
	}
	if h, err := readChannelHeader(header); err != nil || h.channel != "c" || h.chaincode != "g" {
		t.Fatalf("the good header: %+v, %v", h, err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.read() == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestFromTransaction(t *testing.T) {
	endorser := func(name string) []byte {
		return marshal(t, &msp.SerializedIdentity{Mspid: name, IdBytes: []byte("cert " + name)})
	}
	action := marshal(t, &peer.ChaincodeActionPayload{
		ChaincodeProposalPayload: []byte("proposal"),
		Action: &peer.ChaincodeEndorsedAction{
			ProposalResponsePayload: []byte("payload"),
			Endorsements: []*peer.Endorsement{
				{Endorser: endorser("OperatorMSP"), Signature: []byte("1")},
				{Endorser: endorser("AuditorMSP"), Signature: []byte("2")},
			},
		},
	})
	payload := func(actions ...*peer.TransactionAction) []byte {
		return marshal(t, &common.Payload{
			Header: &common.Header{ChannelHeader: []byte("channel"), SignatureHeader: []byte("signature")},
			Data:   marshal(t, &peer.Transaction{Actions: actions}),
		})
	}
	one := &peer.TransactionAction{Header: []byte("a second copy that nothing covers"), Payload: action}
	f, err := FromTransaction(payload(one))
	if err != nil {
		t.Fatal(err)
	}
	if string(f.Payload) != "payload" || string(f.ChannelHeader) != "channel" ||
		string(f.SignatureHeader) != "signature" ||
		string(f.ProposalPayload) != "proposal" || len(f.Endorsements) != 2 ||
		string(f.Endorsements[0].Signature) != "2" {
		t.Errorf("got %+v", f)
	}
	if bytes.Contains(f.Encode(), []byte("YSBzZWNvbmQ")) {
		t.Error("the uncovered copy of the signature header is in the file")
	}
	if _, err := FromTransaction(payload(one, one)); err == nil {
		t.Error("two actions accepted")
	}
}
