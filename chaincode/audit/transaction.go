package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// transaction is one envelope of a block. Its fields are set as far as it could be read.
type transaction struct {
	payload   *common.Payload
	channel   *common.ChannelHeader
	signature *common.SignatureHeader

	// of an endorser transaction
	chaincode string
	args      [][]byte
	action    *peer.ChaincodeAction
	sets      []nsSet
	event     *peer.ChaincodeEvent
	endorsers []endorser
	proposal  error // the proposal hash is not that of this proposal
}

// nsSet is the read-write set of one namespace.
type nsSet struct {
	name   string
	kv     *kvrwset.KVRWSet
	hashed map[string]*kvrwset.HashedRWSet // by collection
}

// endorser is one endorsement, judged.
type endorser struct {
	msp string
	ous []string
	err error // why it doesn't count
}

func (t *transaction) time() time.Time { return t.channel.GetTimestamp().AsTime() }

func (t *transaction) isConfig() bool {
	return t.channel.GetType() == int32(common.HeaderType_CONFIG)
}

// readTransaction reads an envelope strictly, without judging anybody.
func readTransaction(raw []byte) (*transaction, *common.Envelope, error) {
	t := &transaction{
		payload: &common.Payload{}, channel: &common.ChannelHeader{},
		signature: &common.SignatureHeader{},
	}
	var e common.Envelope
	if err := strict(raw, &e); err != nil {
		return t, &e, err
	}
	if err := proto.Unmarshal(e.GetPayload(), t.payload); err != nil { // the creator signed these very bytes
		return t, &e, fmt.Errorf("read payload: %w", err)
	}
	h := t.payload.GetHeader()
	if err := errors.Join(proto.Unmarshal(h.GetChannelHeader(), t.channel),
		proto.Unmarshal(h.GetSignatureHeader(), t.signature)); err != nil {
		return t, &e, fmt.Errorf("read header: %w", err)
	}
	return t, &e, nil
}

// checkCreator demands that whoever the header names made the envelope, and that the id follows from it. It
// gives the name in the creator's certificate.
func (c *configuration) checkCreator(t *transaction, e *common.Envelope) (name string, err error) {
	id := sha256.Sum256(slices.Concat(t.signature.GetNonce(), t.signature.GetCreator()))
	if !t.isConfig() && t.channel.GetTxId() != hex.EncodeToString(id[:]) {
		return "", errors.New("its id is not the hash of its nonce and creator")
	}
	who, err := c.identify(t.signature.GetCreator(), t.time())
	if err != nil {
		return "", err
	}
	if !who.signed(e.GetSignature(), e.GetPayload()) {
		return "", fmt.Errorf("the signature is not one of its creator %s of %s", who.cert.Subject.CommonName,
			who.msp)
	}
	return who.cert.Subject.CommonName, nil
}

// readAction reads what an endorser transaction did and judges each endorsement.
func (c *configuration) readAction(t *transaction) error {
	var tx peer.Transaction
	if err := proto.Unmarshal(t.payload.GetData(), &tx); err != nil {
		return fmt.Errorf("read transaction: %w", err)
	}
	if len(tx.GetActions()) != 1 {
		return fmt.Errorf("expected one action, got %d", len(tx.GetActions()))
	}
	var p peer.ChaincodeActionPayload
	if err := proto.Unmarshal(tx.GetActions()[0].GetPayload(), &p); err != nil {
		return fmt.Errorf("read action: %w", err)
	}
	if !bytes.Equal(tx.GetActions()[0].GetHeader(), t.payload.GetHeader().GetSignatureHeader()) {
		return errors.New("the action's copy of the signature header differs from the transaction's")
	}
	if err := t.readCall(p.GetChaincodeProposalPayload()); err != nil {
		return err
	}
	if err := t.readResponse(p.GetAction().GetProposalResponsePayload(),
		p.GetChaincodeProposalPayload()); err != nil {
		return err
	}
	for _, e := range p.GetAction().GetEndorsements() {
		who, err := c.identify(e.GetEndorser(), t.time())
		if err == nil && !who.signed(e.GetSignature(), p.GetAction().GetProposalResponsePayload(), e.GetEndorser()) {
			err = errors.New("the signature is not one of the endorser over this result")
		}
		t.endorsers = append(t.endorsers, endorser{msp: who.msp, ous: who.ous, err: err})
	}
	return nil
}

func (t *transaction) readCall(raw []byte) error {
	var p peer.ChaincodeProposalPayload
	var call peer.ChaincodeInvocationSpec
	if err := proto.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("read proposal: %w", err)
	}
	if err := proto.Unmarshal(p.GetInput(), &call); err != nil {
		return fmt.Errorf("read call: %w", err)
	}
	t.chaincode = call.GetChaincodeSpec().GetChaincodeId().GetName()
	t.args = call.GetChaincodeSpec().GetInput().GetArgs()
	return nil
}

func (t *transaction) readResponse(raw, proposal []byte) error {
	var p peer.ProposalResponsePayload
	t.action = &peer.ChaincodeAction{}
	if err := proto.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	if err := proto.Unmarshal(p.GetExtension(), t.action); err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	h := t.payload.GetHeader()
	hash := sha256.Sum256(slices.Concat(h.GetChannelHeader(), h.GetSignatureHeader(), proposal))
	if !bytes.Equal(p.GetProposalHash(), hash[:]) {
		t.proposal = errors.New("the endorsed result names another proposal by its hash")
	}
	if t.action.GetChaincodeId().GetName() != t.chaincode {
		return fmt.Errorf("chaincode %s was called, %s returned the result", t.chaincode,
			t.action.GetChaincodeId().GetName())
	}
	if raw := t.action.GetEvents(); len(raw) > 0 {
		t.event = &peer.ChaincodeEvent{}
		if err := proto.Unmarshal(raw, t.event); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
	}
	return t.readSets()
}

func (t *transaction) readSets() error {
	var all rwset.TxReadWriteSet
	if err := proto.Unmarshal(t.action.GetResults(), &all); err != nil {
		return fmt.Errorf("read read-write set: %w", err)
	}
	for _, ns := range all.GetNsRwset() {
		s := nsSet{name: ns.GetNamespace(), kv: &kvrwset.KVRWSet{}, hashed: map[string]*kvrwset.HashedRWSet{}}
		if err := proto.Unmarshal(ns.GetRwset(), s.kv); err != nil {
			return fmt.Errorf("read read-write set of %s: %w", s.name, err)
		}
		for _, c := range ns.GetCollectionHashedRwset() {
			set := &kvrwset.HashedRWSet{}
			if err := proto.Unmarshal(c.GetHashedRwset(), set); err != nil {
				return fmt.Errorf("read hashed set of %s: %w", s.name, err)
			}
			s.hashed[c.GetCollectionName()] = set
		}
		t.sets = append(t.sets, s)
	}
	return nil
}

// public is the public read-write set of a namespace.
func (t *transaction) public(namespace string) *kvrwset.KVRWSet {
	for _, s := range t.sets {
		if s.name == namespace {
			return s.kv
		}
	}
	return &kvrwset.KVRWSet{}
}
