package signed

import (
	"errors"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// The readers here take the few fields of Fabric's protobuf messages that a verdict needs, with protowire
// instead of the generated messages, which would add 15 MB to the browser's build
// (chaincode/docs/decisions.md). They are stricter than protobuf: fields ascend, none is unknown, none but a
// repeated one comes twice. That also closes the gap between the three preimages, whose hash is over their
// plain concatenation: no other split of the same bytes reads as three messages.

var errMessage = errors.New("not the expected message")

// headerEndorser is common.HeaderType_ENDORSER_TRANSACTION.
const headerEndorser = 3

// fields maps a message's fields to where their values go: *[]byte, *uint64, or func([]byte) error for a
// nested or repeated one.
type fields map[protowire.Number]any

// read walks a message's fields; repeated names those that may come more than once.
func read(b []byte, want fields, repeated ...protowire.Number) error {
	last := protowire.Number(0)
	for len(b) > 0 {
		n, typ, l := protowire.ConsumeTag(b)
		if l < 0 || n < last || n == last && !slices.Contains(repeated, n) {
			return errMessage
		}
		b, last = b[l:], n
		l, err := readValue(b, typ, want[n])
		if err != nil {
			return err
		}
		b = b[l:]
	}
	return nil
}

func readValue(b []byte, typ protowire.Type, into any) (int, error) {
	switch into := into.(type) {
	case *uint64:
		v, l := protowire.ConsumeVarint(b)
		if typ != protowire.VarintType || l < 0 {
			return 0, errMessage
		}
		*into = v
		return l, nil
	case *[]byte:
		v, l := protowire.ConsumeBytes(b)
		if typ != protowire.BytesType || l < 0 {
			return 0, errMessage
		}
		*into = v
		return l, nil
	case func([]byte) error:
		v, l := protowire.ConsumeBytes(b)
		if typ != protowire.BytesType || l < 0 {
			return 0, errMessage
		}
		return l, into(v)
	}
	return 0, errMessage
}

// ignore is for a field whose value a verdict doesn't need; a hash or signature covers it.
func ignore([]byte) error { return nil }

// identity is msp.SerializedIdentity.
type identity struct {
	msp         string
	certificate []byte // PEM
}

func readIdentity(b []byte) (identity, error) {
	var msp, cert []byte
	if err := read(b, fields{1: &msp, 2: &cert}); err != nil || len(msp) == 0 || len(cert) == 0 {
		return identity{}, errMessage
	}
	return identity{msp: string(msp), certificate: cert}, nil
}

// payload is peer.ProposalResponsePayload with what stands inside its extension, peer.ChaincodeAction.
type payload struct {
	proposalHash []byte
	status       uint64
	result       []byte
	chaincode    string
	writes       bool // the action would write, or carries anything that isn't a plain read
}

func readPayload(b []byte) (payload, error) {
	var p payload
	var extension, results, events, response, chaincode []byte
	if err := read(b, fields{1: &p.proposalHash, 2: &extension}); err != nil {
		return p, err
	}
	if err := read(extension, fields{1: &results, 2: &events, 3: &response, 4: &chaincode}); err != nil {
		return p, err
	}
	if err := read(response, fields{1: &p.status, 2: ignore, 3: &p.result}); err != nil {
		return p, err
	}
	name, err := readChaincodeID(chaincode)
	if err != nil {
		return p, err
	}
	p.chaincode = name
	writes, err := readWrites(results)
	p.writes = writes || len(events) > 0
	return p, err
}

func readChaincodeID(b []byte) (string, error) {
	var name []byte
	err := read(b, fields{1: ignore, 2: &name, 3: ignore})
	return string(name), err
}

// readWrites reports whether a rwset.TxReadWriteSet holds anything but reads of public keys.
func readWrites(b []byte) (bool, error) {
	found := false
	mark := func([]byte) error { found = true; return nil } //nolint:unparam // the shape of a field's reader
	var model uint64
	err := read(b, fields{1: &model, 2: func(ns []byte) error {
		return read(ns, fields{
			1: ignore,
			2: func(kv []byte) error { return read(kv, fields{1: ignore, 2: ignore, 3: mark, 4: mark}, 1, 2, 3, 4) },
			3: mark, // private collections
		}, 3)
	}}, 2)
	return found || model != 0, err
}

// channelHeader is what common.ChannelHeader says of the question.
type channelHeader struct {
	channel   string
	chaincode string
}

func readChannelHeader(b []byte) (channelHeader, error) {
	var typ, version, epoch uint64
	var channel, extension, chaincode []byte
	err := read(b, fields{
		1: &typ, 2: &version, 3: ignore, 4: &channel, 5: ignore, 6: &epoch, 7: &extension,
		8: ignore,
	})
	if err != nil || typ != headerEndorser || epoch != 0 {
		return channelHeader{}, errMessage
	}
	if err := read(extension, fields{2: &chaincode}); err != nil { // peer.ChaincodeHeaderExtension
		return channelHeader{}, err
	}
	name, err := readChaincodeID(chaincode)
	return channelHeader{channel: string(channel), chaincode: name}, err
}

// readSignatureHeader demands common.SignatureHeader's form; who asked doesn't matter to a verdict.
func readSignatureHeader(b []byte) error { return read(b, fields{1: ignore, 2: ignore}) }

// invocation is what a peer.ChaincodeProposalPayload asks for.
type invocation struct {
	chaincode string
	args      []string // the first is the function
}

func readInvocation(b []byte) (invocation, error) {
	var spec, chaincode, id, input []byte
	var typ uint64
	if err := read(b, fields{1: &spec}); err != nil { // a transient part is refused: the hash leaves it out
		return invocation{}, err
	}
	if err := read(spec, fields{1: &chaincode}); err != nil { // ChaincodeInvocationSpec
		return invocation{}, err
	}
	if err := read(chaincode, fields{1: &typ, 2: &id, 3: &input}); err != nil { // ChaincodeSpec
		return invocation{}, err
	}
	var v invocation
	// ChaincodeInput
	err := read(input, fields{1: func(arg []byte) error { v.args = append(v.args, string(arg)); return nil }}, 1)
	if err != nil {
		return v, err
	}
	v.chaincode, err = readChaincodeID(id)
	return v, err
}
