package replay_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
)

// script is a chaincode that does what its test says.
type script func(shim.ChaincodeStubInterface) error

func (s script) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

func (s script) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	if err := s(stub); err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success([]byte("done"))
}

func filled(t *testing.T) *replay.Memory {
	t.Helper()
	m := &replay.Memory{}
	m.Apply([]replay.Write{
		{Key: "b/1", Value: []byte("x")},
		{Key: "a", Value: []byte("y")},
		{Key: "b/2", Value: []byte("z")},
	}, replay.Version{Block: 1})
	return m
}

// TestReadsDoNotSeeOwnWrites: as on Fabric, neither by key nor by range.
func TestReadsDoNotSeeOwnWrites(t *testing.T) {
	m := filled(t)
	r := replay.Run(script(func(s shim.ChaincodeStubInterface) error {
		for _, k := range []string{"b/3", "a"} {
			if err := s.PutState(k, []byte("new")); err != nil {
				return err
			}
		}
		if v, err := s.GetState("a"); err != nil || string(v) != "y" {
			return errors.New("own write seen: " + string(v))
		}
		it, err := s.GetStateByRange("b/", "b0")
		if err != nil {
			return err
		}
		var keys []string
		for it.HasNext() {
			kv, err := it.Next()
			if err != nil {
				return err
			}
			keys = append(keys, kv.GetKey())
		}
		if !slices.Equal(keys, []string{"b/1", "b/2"}) {
			return errors.New("range saw " + strings.Join(keys, " "))
		}
		return s.DelState("b/1")
	}), m, replay.Tx{})
	if !r.OK() {
		t.Fatal(r.Message)
	}
	if err := m.Commit(r, replay.Version{Block: 2}); err != nil {
		t.Fatal(err)
	}
	if got := m.Keys(); !slices.Equal(got, []string{"a", "b/2", "b/3"}) {
		t.Errorf("got %v", got)
	}
	if e, ok := m.Get("a"); !ok || string(e.Value) != "new" || e.Version.Block != 2 {
		t.Errorf("got %+v", e)
	}
}

func TestCommitFindsConflicts(t *testing.T) {
	read := func(key string) script {
		return func(s shim.ChaincodeStubInterface) error {
			if _, err := s.GetState(key); err != nil {
				return err
			}
			return s.PutState("mine", []byte("1"))
		}
	}
	ranged := script(func(s shim.ChaincodeStubInterface) error {
		_, err := s.GetStateByRange("b/", "b0")
		return err
	})
	for _, c := range []struct {
		name   string
		run    script
		change replay.Write
		want   error
	}{
		{
			"a key that was read was written", read("a"),
			replay.Write{Key: "a", Value: []byte("n")},
			replay.ErrConflict,
		},
		{"a key that was read was deleted", read("a"), replay.Write{Key: "a", Delete: true}, replay.ErrConflict},
		{
			"a key that was absent was written", read("c"),
			replay.Write{Key: "c", Value: []byte("n")},
			replay.ErrConflict,
		},
		{"another key was written", read("a"), replay.Write{Key: "c", Value: []byte("n")}, nil},
		{"a phantom", ranged, replay.Write{Key: "b/3", Value: []byte("n")}, replay.ErrConflict},
		{"a key of the range was written", ranged, replay.Write{Key: "b/1", Value: []byte("n")}, replay.ErrConflict},
		{"a key of the range was deleted", ranged, replay.Write{Key: "b/1", Delete: true}, replay.ErrConflict},
		{"a key beside the range", ranged, replay.Write{Key: "b0", Value: []byte("n")}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := filled(t)
			r := replay.Run(c.run, m, replay.Tx{})
			m.Apply([]replay.Write{c.change}, replay.Version{Block: 2})
			if err := m.Commit(r, replay.Version{Block: 3}); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRefusedTransactionsWriteNothing(t *testing.T) {
	m := filled(t)
	r := replay.Run(script(func(s shim.ChaincodeStubInterface) error {
		if err := s.SetEvent("e", nil); err != nil {
			return err
		}
		if err := s.PutState("c", []byte("1")); err != nil {
			return err
		}
		return errors.New("no")
	}), m, replay.Tx{})
	if r.OK() || len(r.Writes) > 0 || r.Event != nil {
		t.Errorf("got %+v", r)
	}
	if err := m.Commit(r, replay.Version{Block: 2}); err == nil {
		t.Error("committed")
	}
	empty := replay.Run(script(func(s shim.ChaincodeStubInterface) error { return s.PutState("c", nil) }), m,
		replay.Tx{})
	if empty.OK() {
		t.Error("an empty value is a deletion on Fabric and must not pass")
	}
}

// TestExecuteRunsTheContracts: and a function that the stub lacks, or a caller that is none, is a refusal,
// not a crash.
func TestExecuteRunsTheContracts(t *testing.T) {
	engine, err := replay.NewEngine()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][][]byte{nil, {[]byte("governance:Tick"), []byte("1")}, {[]byte("nonsense")}} {
		r := engine.Execute(&replay.Memory{}, replay.Tx{Channel: "c", Timestamp: time.Unix(1, 0), Args: args})
		if _, ok := ledger.ParseRefusal(r.Message); r.OK() || !ok {
			t.Errorf("%q: got %q", args, r.Message)
		}
	}
}
