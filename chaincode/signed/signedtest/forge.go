package signedtest

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"sort"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// Deed is what a file shall say and who signs it. Zero values are those of an honest answer.
type Deed struct {
	Answer  signed.Answer
	Signers []Signer

	Channel   string   // of the header; default: the bundle's
	Chaincode string   // default: the bundle's
	Args      []string // default: those the answer repeats
	Result    []byte   // default: the answer
	Status    int32    // default: 200
	Writes    bool     // one written key
	Event     bool     // a chaincode event
	HighS     bool     // signatures in their other form
	Transient bool     // a transient part in the proposal payload
}

// File makes the signed file of a deed.
func (c *Consortium) File(d Deed) ([]byte, error) {
	f, err := c.Build(d)
	if err != nil {
		return nil, err
	}
	return f.Encode(), nil
}

// Build is File before encoding, for tests that tamper with the parts.
func (c *Consortium) Build(d Deed) (signed.File, error) {
	c.complete(&d)
	f := signed.File{Format: signed.FileFormat}
	if err := c.question(&f, d); err != nil {
		return f, err
	}
	if err := answer(&f, d); err != nil {
		return f, err
	}
	for _, s := range d.Signers {
		sig, err := signLow(s.Key, append(bytes.Clone(f.Payload), s.Serialized...))
		if err != nil {
			return f, err
		}
		if d.HighS {
			if sig, err = raise(sig); err != nil {
				return f, err
			}
		}
		f.Endorsements = append(f.Endorsements, signed.Endorsement{Endorser: s.Serialized, Signature: sig})
	}
	order := map[string]string{}
	for _, s := range d.Signers {
		order[string(s.Serialized)] = s.MSP
	}
	sort.SliceStable(f.Endorsements, func(i, j int) bool {
		return order[string(f.Endorsements[i].Endorser)] < order[string(f.Endorsements[j].Endorser)]
	})
	return f, nil
}

func (c *Consortium) complete(d *Deed) {
	if d.Channel == "" {
		d.Channel = c.Bundle.Channel
	}
	if d.Chaincode == "" {
		d.Chaincode = c.Bundle.Chaincode
	}
	if d.Args == nil {
		d.Args = []string{d.Answer.Function}
		if d.Answer.Subject != "" {
			d.Args = append(d.Args, d.Answer.Subject)
		}
		d.Args = append(d.Args, d.Answer.Nonce)
	}
	if d.Result == nil {
		d.Result = ledger.Encode(d.Answer)
	}
	if d.Status == 0 {
		d.Status = 200
	}
}

func (c *Consortium) question(f *signed.File, d Deed) error {
	creator, nonce := []byte("a client's serialized identity"), bytes.Repeat([]byte{7}, 24)
	id := sha256.Sum256(append(bytes.Clone(nonce), creator...))
	e := encoder{}
	f.ChannelHeader = e.bytes(&common.ChannelHeader{
		Type: int32(common.HeaderType_ENDORSER_TRANSACTION), ChannelId: d.Channel,
		TxId: hex.EncodeToString(id[:]), Timestamp: timestamppb.New(c.Start),
		Extension: e.bytes(&peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: d.Chaincode}}),
	})
	f.SignatureHeader = e.bytes(&common.SignatureHeader{Creator: creator, Nonce: nonce})
	input := &peer.ChaincodeInput{}
	for _, a := range d.Args {
		input.Args = append(input.Args, []byte(a))
	}
	p := &peer.ChaincodeProposalPayload{Input: e.bytes(
		&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
			Type: peer.ChaincodeSpec_NODE, ChaincodeId: &peer.ChaincodeID{Name: d.Chaincode}, Input: input,
		}})}
	if d.Transient {
		p.TransientMap = map[string][]byte{"k": []byte("v")}
	}
	f.ProposalPayload = e.bytes(p)
	return e.err
}

func answer(f *signed.File, d Deed) error {
	e := encoder{}
	set := &kvrwset.KVRWSet{Reads: []*kvrwset.KVRead{{
		Key:     "clock",
		Version: &kvrwset.Version{BlockNum: 7, TxNum: 1},
	}}}
	if d.Writes {
		set.Writes = []*kvrwset.KVWrite{{Key: "license/x", Value: []byte("{}")}}
	}
	action := &peer.ChaincodeAction{
		Results: e.bytes(&rwset.TxReadWriteSet{NsRwset: []*rwset.NsReadWriteSet{
			{Namespace: "_lifecycle", Rwset: e.bytes(
				&kvrwset.KVRWSet{Reads: []*kvrwset.KVRead{{Key: "namespaces/fields/guildmark/Sequence"}}})},
			{Namespace: d.Chaincode, Rwset: e.bytes(set)},
		}}),
		Response:    &peer.Response{Status: d.Status, Payload: d.Result},
		ChaincodeId: &peer.ChaincodeID{Name: d.Chaincode, Version: "1.0"},
	}
	if d.Event {
		action.Events = e.bytes(&peer.ChaincodeEvent{ChaincodeId: d.Chaincode, EventName: "license.signed"})
	}
	hash := sha256.Sum256(bytes.Join([][]byte{f.ChannelHeader, f.SignatureHeader, f.ProposalPayload}, nil))
	f.Payload = e.bytes(&peer.ProposalResponsePayload{ProposalHash: hash[:], Extension: e.bytes(action)})
	return e.err
}

// encoder marshals and keeps the first error.
type encoder struct{ err error }

func (e *encoder) bytes(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("encode %T: %w", m, err)
	}
	return b
}

func encodeSignature(r, s *big.Int) ([]byte, error) {
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		return nil, fmt.Errorf("encode signature: %w", err)
	}
	return der, nil
}

// raise gives a signature's other valid form: n - s.
func raise(der []byte) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		return nil, fmt.Errorf("read signature: %w", err)
	}
	return encodeSignature(v.R, v.S.Sub(elliptic.P256().Params().N, v.S))
}
