package replay

import (
	"errors"
	"slices"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// stub is the part of shim.ChaincodeStubInterface that the contracts use. Everything else is the embedded nil
// interface: calling it panics, which the chaincode turns into a failed transaction.
type stub struct {
	shim.ChaincodeStubInterface

	tx     Tx
	state  State
	reads  map[string]Read
	ranges map[[2]string]RangeRead
	writes map[string]Write
	event  *Event
	events int
}

var errEmpty = errors.New("a key and a value can't be empty")

func (s *stub) GetArgs() [][]byte { return s.tx.Args }

func (s *stub) GetStringArgs() []string {
	args := make([]string, len(s.tx.Args))
	for i, a := range s.tx.Args {
		args[i] = string(a)
	}
	return args
}

func (s *stub) GetFunctionAndParameters() (string, []string) {
	args := s.GetStringArgs()
	if len(args) == 0 {
		return "", []string{}
	}
	return args[0], args[1:]
}

func (s *stub) GetTxID() string                          { return s.tx.ID }
func (s *stub) GetChannelID() string                     { return s.tx.Channel }
func (s *stub) GetCreator() ([]byte, error)              { return s.tx.Creator, nil }
func (s *stub) GetTransient() (map[string][]byte, error) { return map[string][]byte{}, nil }

func (s *stub) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	return timestamppb.New(s.tx.Timestamp), nil
}

func (s *stub) GetState(key string) ([]byte, error) {
	if key == "" {
		return nil, errEmpty
	}
	e, ok := s.state.Get(key)
	s.reads[key] = Read{Key: key, Found: ok, Version: e.Version}
	return slices.Clone(e.Value), nil
}

// PutState refuses an empty value, which Fabric would take for a deletion.
func (s *stub) PutState(key string, value []byte) error {
	if key == "" || len(value) == 0 {
		return errEmpty
	}
	s.writes[key] = Write{Key: key, Value: slices.Clone(value)}
	return nil
}

func (s *stub) DelState(key string) error {
	if key == "" {
		return errEmpty
	}
	s.writes[key] = Write{Key: key, Delete: true}
	return nil
}

func (s *stub) GetStateByRange(start, end string) (shim.StateQueryIteratorInterface, error) {
	entries := s.state.Range(start, end)
	q := RangeRead{Start: start, End: end, Found: make([]Read, len(entries))}
	for i, e := range entries {
		q.Found[i] = Read{Key: e.Key, Found: true, Version: e.Version}
	}
	s.ranges[[2]string{start, end}] = q
	return &iterator{entries: entries}, nil
}

func (s *stub) SetEvent(name string, payload []byte) error {
	if name == "" {
		return errEmpty
	}
	s.event = &Event{Name: name, Payload: slices.Clone(payload)}
	s.events++
	return nil
}

type iterator struct{ entries []Entry }

var errEnd = errors.New("the range has no more keys")

func (i *iterator) HasNext() bool { return len(i.entries) > 0 }

func (i *iterator) Next() (*queryresult.KV, error) {
	if len(i.entries) == 0 {
		return nil, errEnd
	}
	e := i.entries[0]
	i.entries = i.entries[1:]
	return &queryresult.KV{Key: e.Key, Value: slices.Clone(e.Value)}, nil
}

func (i *iterator) Close() error { return nil }
