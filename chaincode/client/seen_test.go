package client

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

const unknown = `chaincode response 500, {"kind":"NotFound","code":"order.unknown","message":"there is no such order"}`

// laggard is the peer of ManufacturerMSP: it lacks every block until somebody waits at it for one.
type laggard struct {
	*fake
	arrived chan struct{} // closed when the block is there
}

func newLaggard() *laggard {
	l := &laggard{fake: &fake{msp: "ManufacturerMSP"}, arrived: make(chan struct{})}
	l.status = l.deliver
	l.filtered = l.deliver
	return l
}

func (l *laggard) deliver(context.Context) error {
	if l.lags() {
		close(l.arrived)
	}
	return nil
}

func (l *laggard) lags() bool {
	select {
	case <-l.arrived:
		return false
	default:
		return true
	}
}

// refused is the answer of a gateway of which a peer of that organization refused.
func refused(msp string) error {
	return blaming(status.New(codes.Aborted, "failed to endorse transaction"), msp, unknown).Err()
}

// T34: whoever wrote at block 7 doesn't take "there is no such order" from a peer that lacks it.
func TestRefusalWithoutTheLastBlock(t *testing.T) {
	tests := []struct {
		name string
		ask  func(context.Context, *Client) error
	}{
		{"another endorser of a submit", func(ctx context.Context, c *Client) error {
			_, err := c.Submit(ctx, "orders:Settle", "x")
			return err
		}},
		{"a named endorser", func(ctx context.Context, c *Client) error {
			_, err := c.Sign(ctx, Exactly("OperatorMSP", "ManufacturerMSP"), "orders:Sign", "x", "nonce")
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newLaggard()
			a := &fake{endorse: func(call int, _ *gateway.EndorseRequest) error {
				if call > 1 && b.lags() {
					return refused("ManufacturerMSP")
				}
				return nil
			}}
			c := connect(t, a, b.fake)
			if _, err := c.Submit(t.Context(), "orders:Place", "x"); err != nil {
				t.Fatal(err)
			}
			if err := tt.ask(t.Context(), c); err != nil {
				t.Fatalf("got %v, want the answer of a peer that has the block", err)
			}
			if len(a.endorsed) != 3 || b.asked != 1 {
				t.Errorf("%d proposals and %d waits, want 3 and 1", len(a.endorsed), b.asked)
			}
		})
	}
}

// A read at a peer that lacks what another client, or another process, wrote.
func TestReadAfterAnothersWrite(t *testing.T) {
	tests := []struct {
		name string
		tell func(t *testing.T, reader *Client, shared *Seen)
	}{
		{"clients of one process", func(t *testing.T, _ *Client, shared *Seen) {
			t.Helper()
			if _, err := connectWith(t, Config{Seen: shared}, &fake{}).Submit(t.Context(), "orders:Place",
				"x"); err != nil {
				t.Fatal(err)
			}
		}},
		{
			"another process, told the number only",
			func(_ *testing.T, reader *Client, _ *Seen) { reader.After(Checkpoint{Block: 7}) },
		},
		{
			"another process, told nothing: a peer stands higher",
			func(_ *testing.T, reader *Client, _ *Seen) { reader.newest = true },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newLaggard()
			b.evaluate = func(int) error {
				if b.lags() {
					return status.Error(codes.Unknown, "evaluate call to endorser returned error: "+unknown)
				}
				return nil
			}
			shared := &Seen{}
			reader := connectWith(t, Config{Seen: shared}, b.fake, &fake{height: 8})
			tt.tell(t, reader, shared)
			if reader.Last().TxID != "" {
				b.committed[reader.Last().TxID] = 0
			}
			if _, err := reader.Evaluate(t.Context(), "orders:Get", "x"); err != nil {
				t.Fatal(err)
			}
			if b.asked+b.blocks != 1 || b.lags() {
				t.Errorf("waited %d times, want once", b.asked+b.blocks)
			}
		})
	}
}

// The peer gets the block between its refusal and the question how high it stands: it refused without the block.
func TestPeerThatCatchesUpAfterItsRefusal(t *testing.T) {
	b := &fake{}
	b.evaluate = func(int) error {
		b.height = 8
		return status.Error(codes.Unknown, "evaluate call to endorser returned error: "+unknown)
	}
	reader := connect(t, b)
	reader.newest = true
	if _, err := reader.Evaluate(t.Context(), "orders:Get", "x"); err != nil {
		t.Errorf("got %v, want the answer of the second attempt", err)
	}
}

// A peer that has the block, or a client that saw none, costs no question more.
func TestRefusalWithTheLastBlockIsFinal(t *testing.T) {
	a := &fake{endorse: func(call int, _ *gateway.EndorseRequest) error {
		if call > 1 {
			return refused("OperatorMSP")
		}
		return nil
	}}
	c := connect(t, a)
	if _, err := c.Submit(t.Context(), "orders:Place", "x"); err != nil {
		t.Fatal(err)
	}
	var r *ledger.Refusal
	if _, err := c.Submit(t.Context(), "orders:Settle", "x"); !errors.As(err, &r) || len(a.endorsed) != 2 ||
		a.asked != 1 {
		t.Errorf("got %v after %d proposals and %d questions, want a refusal after 2 and 1", err,
			len(a.endorsed), a.asked)
	}
}

// The block never comes: the client says so, and doesn't pass the refusal on as one.
func TestPeerThatNeverHasTheBlock(t *testing.T) {
	b := newLaggard()
	b.status = func(ctx context.Context) error { <-ctx.Done(); return status.FromContextError(ctx.Err()).Err() }
	b.endorse = func(int, *gateway.EndorseRequest) error { return refused("ManufacturerMSP") }
	a := &fake{endorse: func(call int, r *gateway.EndorseRequest) error {
		if call > 1 {
			return b.endorse(call, r)
		}
		return nil
	}}
	c := connect(t, a, b.fake)
	if _, err := c.Submit(t.Context(), "orders:Place", "x"); err != nil {
		t.Fatal(err)
	}
	_, err := c.Sign(t.Context(), Exactly("OperatorMSP", "ManufacturerMSP"), "orders:Sign", "x", "nonce")
	var behind *BehindError
	var r *ledger.Refusal
	if !errors.As(err, &behind) || !errors.Is(err, ErrBehind) || errors.As(err, &r) || behind.Peer != "b" ||
		behind.Block != 7 {
		t.Errorf("got %v, want that b lacks block 7", err)
	}
}

// Organizations that lag are not waited for while others of the plan may have the block (T32).
func TestPlanGoesOnWithoutTheLaggard(t *testing.T) {
	b := newLaggard()
	a := &fake{endorse: func(_ int, r *gateway.EndorseRequest) error {
		if slices.Contains(r.GetEndorsingOrganizations(), "ManufacturerMSP") {
			return refused("ManufacturerMSP")
		}
		return nil
	}}
	c := connect(t, a, b.fake)
	c.After(Checkpoint{Block: 7})
	plan := Plan{{"OperatorMSP", "ManufacturerMSP"}, {"OperatorMSP", "LicensorsMSP"}}
	if _, err := c.Sign(t.Context(), plan, "orders:Sign", "x", "nonce"); err != nil {
		t.Fatal(err)
	}
	if len(a.endorsed) != 2 || b.asked != 0 || !b.lags() {
		t.Errorf("%d proposals and %d waits, want 2 and none", len(a.endorsed), b.asked)
	}
}

// Endorsers that differ because one lags agree when it has the block.
func TestMismatchWithoutTheLastBlock(t *testing.T) {
	b := newLaggard()
	a := &fake{endorse: func(int, *gateway.EndorseRequest) error {
		if b.lags() {
			return blaming(status.New(codes.Aborted, "failed to collect enough transaction endorsements"),
				"OperatorMSP", mismatch).Err()
		}
		return nil
	}}
	c := connect(t, a, b.fake)
	c.After(Checkpoint{Block: 7})
	if _, err := c.Sign(t.Context(), Exactly("OperatorMSP", "ManufacturerMSP"), "orders:Sign", "x",
		"nonce"); err != nil {
		t.Fatal(err)
	}
	if len(a.endorsed) != 5 {
		t.Errorf("%d proposals, want 5: four that differ, one after the wait", len(a.endorsed))
	}
}

func TestEverywhere(t *testing.T) {
	b := newLaggard()
	c := connect(t, &fake{}, b.fake)
	if _, err := c.Submit(t.Context(), "orders:Place", "x"); err != nil {
		t.Fatal(err)
	}
	if err := c.Everywhere(t.Context()); err != nil || b.lags() {
		t.Errorf("got %v, want nil once b has the block", err)
	}
	b.filtered = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	c.After(Checkpoint{Block: 8})
	if err := c.Everywhere(t.Context()); !errors.Is(err, ErrBehind) {
		t.Errorf("got %v, want %v", err, ErrBehind)
	}
}

func TestSeenIsTheHighest(t *testing.T) {
	var s Seen
	for _, at := range []Checkpoint{{Block: 7}, {Block: 7, TxID: "x"}, {Block: 6, TxID: "y"}} {
		s.raise("guildmark", at)
	}
	if got, want := s.at("guildmark"), (Checkpoint{Block: 7, TxID: "x"}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := s.at("shadow"); got != (Checkpoint{}) {
		t.Errorf("another channel: got %v, want none", got)
	}
}
