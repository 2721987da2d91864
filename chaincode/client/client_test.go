package client

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

const refusal = `{"kind":"Expired","code":"order.expired","message":"the order can't be paid any more","saw":"12"}`

func TestClassify(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want Class
	}{
		{"payload mismatch", refuse(codes.Aborted,
			"failed to assemble transaction: ProposalResponsePayloads do not match"), Mismatch},
		{"gossip not ready", refuse(codes.FailedPrecondition,
			"no combination of peers can be derived which satisfy the endorsement policy"), Again},
		{"concurrency limit", refuse(codes.Unavailable, "exceeding concurrency limit (500)"), Again},
		{"peer gone", status.Error(codes.Unavailable, "connection refused"), Elsewhere},
		{"no endorsers of a named org", refuse(codes.Unavailable,
			"failed to find any endorsing peers for org(s): CMSP"), Elsewhere},
		{"precondition", status.Error(codes.FailedPrecondition, "no peers"), Elsewhere},
		{"a named org died", refuse(codes.Aborted, "failed to endorse transaction", "connection refused"), Elsewhere},
		{"a named org hangs", status.Error(codes.DeadlineExceeded, "endorsement timeout"), Elsewhere},
		{"high S at submit", refuse(codes.Unavailable,
			"insufficient number of orderers could successfully process transaction",
			"received unsuccessful response from orderer: status=FORBIDDEN"), Final},
		{
			"orderers too few", refuse(codes.Unavailable,
				"insufficient number of orderers could successfully process transaction", "connection refused"),
			Elsewhere,
		},
		{"refusal of the ledger", refuse(codes.Aborted, "failed to endorse transaction, see attached details",
			"chaincode response 500, "+refusal), Final},
		{"refusal of a lagging peer", refuse(codes.Aborted, "failed to endorse",
			`chaincode response 500, {"kind":"Unavailable","code":"clock.stale","message":"m"}`), Elsewhere},
		{"fault of the chaincode", refuse(codes.Aborted, "failed to endorse", "chaincode response 500, boom"), Final},
		{"stranger", status.Error(codes.PermissionDenied, "access denied"), Final},
		{"no such transaction", status.Error(codes.NotFound, "nothing"), Final},
		{"caller gave up", context.Canceled, Final},
		{"own time limit", context.DeadlineExceeded, Elsewhere},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Classify(tt.err); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestClassifyCommit(t *testing.T) {
	for code, want := range map[peer.TxValidationCode]Class{
		peer.TxValidationCode_MVCC_READ_CONFLICT:         Again,
		peer.TxValidationCode_PHANTOM_READ_CONFLICT:      Again,
		peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE: Final,
		peer.TxValidationCode_DUPLICATE_TXID:             Final,
		peer.TxValidationCode_BAD_PROPOSAL_TXID:          Final,
	} {
		if got := ClassifyCommit(code); got != want {
			t.Errorf("%v: got %v, want %v", code, got, want)
		}
	}
}

// The false failure of BFT ordering: the orderers say no, the transaction commits (network/docs/fabric.md: 10 of 10).
func TestFalseSubmitFailure(t *testing.T) {
	f := &fake{submit: func(int, *gateway.SubmitRequest) (bool, error) {
		return true, refuse(codes.Unavailable,
			"insufficient number of orderers could successfully process transaction",
			"status=INTERNAL_SERVER_ERROR info=request already processed")
	}}
	got, err := connect(t, f).Submit(t.Context(), "orders:Place", "x")
	if err != nil || string(got.Payload) != "result" || got.Block != 7 || got.TxID == "" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if len(f.endorsed) != 1 || len(f.submitted) != 1 {
		t.Errorf("%d proposals and %d submits, want one of each: the transaction must not be made twice",
			len(f.endorsed), len(f.submitted))
	}
}

// A transaction that the orderer took and lost is sent again: the same envelope, byte for byte.
func TestLostTransactionIsSentAgainAsItIs(t *testing.T) {
	f := &fake{submit: func(call int, _ *gateway.SubmitRequest) (bool, error) { return call == 3, nil }}
	if _, err := connect(t, f).Submit(t.Context(), "orders:Place", "x"); err != nil {
		t.Fatal(err)
	}
	if len(f.endorsed) != 1 || len(f.submitted) != 3 {
		t.Fatalf("%d proposals and %d submits, want 1 and 3", len(f.endorsed), len(f.submitted))
	}
	for _, s := range f.submitted[1:] {
		a, b := f.submitted[0].GetPreparedTransaction(), s.GetPreparedTransaction()
		if !bytes.Equal(a.GetPayload(), b.GetPayload()) || !bytes.Equal(a.GetSignature(), b.GetSignature()) {
			t.Error("another envelope was sent")
		}
	}
}

// Nobody can say what happened: the caller gets the id and no second transaction is made.
func TestUnknownOutcome(t *testing.T) {
	f := &fake{submit: func(int, *gateway.SubmitRequest) (bool, error) { return false, nil }}
	c := connect(t, f)
	_, err := c.Submit(t.Context(), "orders:Place", "x")
	var unknown *OutcomeError
	if !errors.As(err, &unknown) || !errors.Is(err, ErrOutcome) || unknown.TxID != f.submitted[0].GetTransactionId() {
		t.Fatalf("got %v", err)
	}
	if len(f.endorsed) != 1 {
		t.Errorf("%d proposals, want 1", len(f.endorsed))
	}
	if _, err := c.Status(t.Context(), unknown.TxID); !errors.Is(err, ErrOutcome) {
		t.Errorf("status: got %v, want %v", err, ErrOutcome)
	}
	f.mu.Lock()
	f.committed[unknown.TxID] = peer.TxValidationCode_VALID
	f.mu.Unlock()
	if block, err := c.Status(t.Context(), unknown.TxID); err != nil || block != 7 {
		t.Errorf("status later: got %d, %v", block, err)
	}
}

func TestForbiddenSubmitIsFinal(t *testing.T) {
	f := &fake{submit: func(int, *gateway.SubmitRequest) (bool, error) {
		return false, refuse(codes.Unavailable, "insufficient number of orderers", "status=FORBIDDEN")
	}}
	if _, err := connect(t, f).Submit(t.Context(), "orders:Place", "x"); err == nil || errors.Is(err, ErrOutcome) {
		t.Fatalf("got %v", err)
	}
	if len(f.submitted) != 1 || f.asked != 0 {
		t.Errorf("%d submits, %d questions, want 1 and 0", len(f.submitted), f.asked)
	}
}

func TestConflictMakesANewProposal(t *testing.T) {
	f := &fake{code: func(call int) peer.TxValidationCode {
		if call < 3 {
			return peer.TxValidationCode_MVCC_READ_CONFLICT
		}
		return peer.TxValidationCode_VALID
	}}
	if _, err := connect(t, f).Submit(t.Context(), "orders:Place", "x"); err != nil {
		t.Fatal(err)
	}
	if len(f.endorsed) != 3 || f.endorsed[0].GetTransactionId() == f.endorsed[1].GetTransactionId() {
		t.Errorf("%d proposals, want 3 different", len(f.endorsed))
	}
	f = &fake{code: func(int) peer.TxValidationCode { return peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE }}
	var invalid *CommitError
	if _, err := connect(t, f).Submit(t.Context(), "orders:Place", "x"); !errors.As(err, &invalid) ||
		len(f.endorsed) != 1 {
		t.Errorf("got %v after %d proposals", err, len(f.endorsed))
	}
}

func TestMismatchIsTriedThreeTimesMore(t *testing.T) {
	mismatch := refuse(codes.Aborted, "ProposalResponsePayloads do not match")
	f := &fake{endorse: func(call int, _ *gateway.EndorseRequest) error {
		if call <= 3 {
			return mismatch
		}
		return nil
	}}
	if _, err := connect(t, f).Sign(t.Context(), Exactly("A", "B"), "licenses:Sign", "id", "nonce"); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, e := range f.endorsed {
		ids[e.GetTransactionId()] = true
		if !slices.Equal(e.GetEndorsingOrganizations(), []string{"A", "B"}) {
			t.Errorf("asked %v", e.GetEndorsingOrganizations())
		}
	}
	if len(ids) != 4 {
		t.Errorf("%d different proposals, want 4", len(ids))
	}
	f = &fake{endorse: func(int, *gateway.EndorseRequest) error { return mismatch }}
	if _, err := connect(t, f).Sign(t.Context(), nil, "licenses:Sign", "id", "nonce"); !errors.Is(err,
		ErrMismatch) || len(f.endorsed) != 4 {
		t.Errorf("got %v after %d proposals, want %v after 4", err, len(f.endorsed), ErrMismatch)
	}
}

// One organization hangs: the plan's next set is asked after the short timeout.
func TestPlanIsRotated(t *testing.T) {
	f := &fake{endorse: func(_ int, r *gateway.EndorseRequest) error {
		if slices.Contains(r.GetEndorsingOrganizations(), "C") {
			return refuse(codes.Aborted, "failed to endorse transaction", "rpc error: code = Unavailable")
		}
		return nil
	}}
	plan, err := Quorum(2, []string{"C", "A", "B"}, consortium.CustodianSets{{"A"}})
	if err != nil || len(plan) != 2 {
		t.Fatalf("plan %v, %v, want the two sets with A", plan, err)
	}
	if _, err := connect(t, f).Sign(t.Context(), plan, "licenses:Sign", "id", "nonce"); err != nil {
		t.Fatal(err)
	}
	if last := f.endorsed[len(f.endorsed)-1].GetEndorsingOrganizations(); !slices.Equal(last, []string{"A", "B"}) {
		t.Errorf("the last asked were %v", last)
	}
}

func TestFailover(t *testing.T) {
	down := func(int) error { return status.Error(codes.Unavailable, "connection refused") }
	a, b := &fake{evaluate: down}, &fake{}
	c := connect(t, a, b)
	for range 3 {
		if got, err := c.Evaluate(t.Context(), "orders:Get", "x"); err != nil || string(got) != "answer" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if a.evaluated != 1 || b.evaluated != 3 {
		t.Errorf("asked a %d and b %d times, want 1 and 3", a.evaluated, b.evaluated)
	}
	c = connect(t, &fake{evaluate: down})
	if _, err := c.Evaluate(t.Context(), "orders:Get", "x"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v, want %v", err, ErrUnreachable)
	}
}

func TestRefusalIsDecoded(t *testing.T) {
	f := &fake{
		endorse: func(int, *gateway.EndorseRequest) error {
			return refuse(codes.Aborted, "failed to endorse", "chaincode response 500, "+refusal)
		},
		evaluate: func(int) error {
			return status.Error(codes.Unknown,
				"evaluate call to endorser returned error: chaincode response 500, "+refusal)
		},
	}
	c := connect(t, f)
	_, submit := c.Submit(t.Context(), "orders:Settle", "x")
	_, evaluate := c.Evaluate(t.Context(), "orders:Get", "x")
	for _, err := range []error{submit, evaluate} {
		var r *ledger.Refusal
		if !errors.As(err, &r) || r.Code != "order.expired" || r.Kind != ledger.Expired || r.Saw != "12" {
			t.Errorf("got %v", err)
		}
	}
	if len(f.endorsed) != 1 || f.evaluated != 1 {
		t.Errorf("asked %d and %d times, want once each", len(f.endorsed), f.evaluated)
	}
}

func TestOwnPeersComeFirst(t *testing.T) {
	peers := []endpoint{{Name: "1", MSP: "O"}, {Name: "2", MSP: "M"}, {Name: "3", MSP: "L"}, {Name: "4", MSP: "M"}}
	var got []string
	for _, p := range ownFirst(peers, "M") {
		got = append(got, p.Name)
	}
	if want := []string{"2", "4", "1", "3"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
