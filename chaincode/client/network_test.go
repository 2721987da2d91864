package client_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/network/networktest"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

func TestMain(m *testing.M) { networktest.Main(m) }

var governed struct {
	once sync.Once
	err  error
}

// network is a governed one whose clock has just ticked.
func network(t *testing.T) topology.Connection {
	t.Helper()
	conn := networktest.Network(t).Connection
	governed.once.Do(func() { governed.err = play.Govern(context.WithoutCancel(t.Context()), conn) })
	if governed.err != nil {
		t.Fatal(governed.err)
	}
	tick(t, conn)
	return conn
}

func open(t *testing.T, conn topology.Connection, partner, identity string, c client.Config) *client.Client {
	t.Helper()
	l, err := client.Open(filepath.Join(conn.Directory, "connection.json"),
		filepath.Join(conn.Directory, partner, "identities", identity), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func tick(t *testing.T, conn topology.Connection) client.Result {
	t.Helper()
	l := open(t, conn, "operator", "heartbeat", client.Config{})
	r, err := l.Submit(t.Context(), "governance:Tick", strconv.FormatInt(time.Now().Unix(), 10))
	var refusal *ledger.Refusal
	if errors.As(err, &refusal) && refusal.Kind == ledger.Conflict {
		return r // within one second of another
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func bundle(t *testing.T, l *client.Client) *signed.Bundle {
	t.Helper()
	raw, err := l.Evaluate(t.Context(), "governance:Bundle", "")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Bundle []byte `json:"bundle"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	b, err := signed.ParseBundle(doc.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRefusalsComeThrough(t *testing.T) {
	conn := network(t)
	l := open(t, conn, "operator", "governor", client.Config{})
	_, submit := l.Submit(t.Context(), "governance:Propose", "{}")
	_, evaluate := l.Evaluate(t.Context(), "licenses:Get", strings.Repeat("00", 32))
	for name, err := range map[string]error{"submit": submit, "evaluate": evaluate} {
		var r *ledger.Refusal
		if !errors.As(err, &r) || r.Code == "" {
			t.Errorf("%s: got %v, want a refusal of the ledger", name, err)
		}
	}
}

// T5-T7 against real peers: what they sign verifies; what the demo's attackers get from them does not.
func TestRealSignedAnswers(t *testing.T) {
	conn := network(t)
	l := open(t, conn, "operator", "reader", client.Config{})
	b := bundle(t, l)
	nonce := hex.EncodeToString(slices.Repeat([]byte{0xa5}, signed.NonceBytes))
	two := client.Exactly("OperatorMSP", "ManufacturerMSP")
	every, err := client.Quorum(2, []string{"OperatorMSP", "ManufacturerMSP", "LicensorsMSP"},
		consortium.CustodianSets{{"LicensorsMSP"}})
	if err != nil {
		t.Fatal(err)
	}
	now := strconv.FormatInt(time.Now().Unix()+2, 10)
	beat := open(t, conn, "operator", "heartbeat", client.Config{})
	tests := []struct {
		name     string
		client   *client.Client
		plan     client.Plan
		function string
		args     []string
		wantErr  error
	}{
		{"two partners", l, two, signed.FunctionNoop, []string{nonce}, nil},
		{"plan of the gateway", l, nil, signed.FunctionNoop, []string{nonce}, nil},
		{"every quorum", l, every, signed.FunctionNoop, []string{nonce}, nil},
		{
			"all four", l, client.Exactly("OperatorMSP", "ManufacturerMSP", "LicensorsMSP", "AuditorMSP"),
			signed.FunctionNoop,
			[]string{nonce},
			nil,
		},
		{
			"one partner only", l, client.Exactly("OperatorMSP"), signed.FunctionNoop,
			[]string{nonce},
			signed.ErrQuorum,
		},
		{
			"auditor as the second", l, client.Exactly("OperatorMSP", "AuditorMSP"), signed.FunctionNoop,
			[]string{nonce},
			signed.ErrQuorum,
		},
		{"endorsed write, never submitted", beat, two, "governance:Tick", []string{now}, signed.ErrWrites},
		{"another function", l, two, signed.FunctionRecipients, []string{nonce}, signed.ErrFunction},
		{"another nonce", l, two, signed.FunctionNoop, []string{strings.Repeat("00", 32)}, signed.ErrNonce},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := tt.client.Sign(t.Context(), tt.plan, tt.function, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			_, err = signed.Verify(f.Encode(), b, signed.Expectation{Function: signed.FunctionNoop, Nonce: nonce})
			if !errors.Is(err, tt.wantErr) {
				t.Errorf("got %v, want %v", err, tt.wantErr)
			}
		})
	}
}

func TestEventsAndBlocks(t *testing.T) {
	conn := network(t)
	l := open(t, conn, "auditor", "auditor", client.Config{})
	var mine client.Result
	for mine.TxID == "" {
		mine = tick(t, conn)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var seen []client.Event
	for e, err := range l.Events(ctx, client.Checkpoint{}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen = append(seen, e); e.TxID == mine.TxID {
			break
		}
	}
	last := seen[len(seen)-1]
	if last.Name != "clock.ticked" || last.Block != mine.Block || len(last.Payload) == 0 {
		t.Errorf("got %+v, want the tick in block %d", last, mine.Block)
	}
	// Going on after the first event must give the second.
	for e, err := range l.Events(ctx, client.Checkpoint{Block: seen[0].Block, TxID: seen[0].TxID}) {
		if err != nil || e.TxID != seen[1].TxID {
			t.Errorf("after %s came %s, %v, want %s", seen[0].TxID, e.TxID, err, seen[1].TxID)
		}
		break
	}
	height, err := l.Height(ctx)
	if err != nil || height <= mine.Block {
		t.Fatalf("height %d, %v, want above %d", height, err, mine.Block)
	}
	next := uint64(0)
	for b, err := range l.Blocks(ctx, 0) {
		if err != nil || b.GetHeader().GetNumber() != next {
			t.Fatalf("block %d, %v, want %d", b.GetHeader().GetNumber(), err, next)
		}
		if next++; next == mine.Block+1 {
			break
		}
	}
}

// The peer in use dies: the client goes on with another, and a custodian's client, which believes only its own,
// doesn't.
func TestPeerDies(t *testing.T) {
	net := networktest.Network(t)
	conn := network(t)
	l := open(t, conn, "operator", "reader", client.Config{})
	own := open(t, conn, "operator", "custodian", client.Config{Own: true})
	if _, err := own.Evaluate(t.Context(), "governance:Clock"); err != nil {
		t.Fatal(err)
	}
	if err := net.Control.Stop(t.Context(), "peer.operator"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(net.Control.Start(ctx, "peer.operator"),
			net.Control.Await(ctx, "peer.operator")); err != nil {
			t.Error(err)
		}
	})
	if _, err := l.Evaluate(t.Context(), "governance:Clock"); err != nil {
		t.Errorf("with other peers up: %v", err)
	}
	if _, err := own.Evaluate(t.Context(), "governance:Clock"); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("own peer only: got %v, want %v", err, client.ErrUnreachable)
	}
}
