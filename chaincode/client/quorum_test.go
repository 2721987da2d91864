package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// sets reads "AB CD" as the set of A and B and the set of C and D.
func sets(text string) (out [][]string) {
	for set := range strings.FieldsSeq(text) {
		out = append(out, strings.Split(set, ""))
	}
	return out
}

func TestQuorum(t *testing.T) {
	tests := []struct {
		name       string
		k          int
		signing    string
		custodians string
		want       string // the plan; "": impossible
		wantSaw    string
	}{
		{"no set: any two of three", 2, "ABC", "", "AB AC BC", ""},
		{"a set of two", 2, "ABC", "BC", "AB AC BC", ""},
		{"a set of one", 2, "ABC", "B", "AB BC", ""},
		{"a member that does not sign", 2, "ABC", "CX", "AC BC", ""},
		{"two sets that share a partner", 2, "ABC", "AB BC", "AB AC BC", ""},
		{"two sets that share none", 2, "ABCD", "AB CD", "AC AD BC BD", ""},
		{"the same set twice", 2, "ABC", "A A", "AB AC", ""},
		{"three sets need three though two are enough", 2, "ABCD", "A B C", "ABC", ""},
		{"all must sign", 3, "ABC", "C", "ABC", ""},
		{"one is enough", 1, "ABC", "BC", "B C", ""},
		{"too few sign", 3, "AB", "A", "", "2 partners sign (A, B), 3 must"},
		{"nobody signs", 1, "", "", "", "0 partners sign (), 1 must"},
		{"k of nothing", 0, "AB", "", "", "2 partners sign (A, B), 0 must"},
		{"a set of which nobody signs", 2, "ABC", "AB XY", "", "no partner of the custodian set X, Y signs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Quorum(tt.k, slices.Collect(strings.SplitSeq(tt.signing, "")), sets(tt.custodians))
			var refusal *ledger.Refusal
			if tt.want == "" {
				if !errors.Is(err, ErrNoQuorum) || !errors.As(err, &refusal) || refusal.Saw != tt.wantSaw {
					t.Errorf("got %v, %v, want a refusal that saw %q", got, err, tt.wantSaw)
				}
				return
			}
			if err != nil || fmt.Sprint(got) != fmt.Sprint(Plan(sets(tt.want))) {
				t.Errorf("got %v, %v, want %v", got, err, sets(tt.want))
			}
		})
	}
}

// An empty custodian set can't be met by anybody.
func TestQuorumOfAnEmptySet(t *testing.T) {
	if got, err := Quorum(2, []string{"A", "B"}, consortium.CustodianSets{{}}); !errors.Is(err, ErrNoQuorum) {
		t.Errorf("got %v, %v, want %v", got, err, ErrNoQuorum)
	}
}

// A consortium of many does not make a plan of thousands.
func TestQuorumIsBounded(t *testing.T) {
	var signing []string
	for i := range 40 {
		signing = append(signing, fmt.Sprintf("P%02d", i))
	}
	got, err := Quorum(5, signing, consortium.CustodianSets{signing[35:]})
	if err != nil || len(got) != maxSets {
		t.Errorf("got %d sets, %v, want %d", len(got), err, maxSets)
	}
}

// Which sets are asked, one after the other, when organizations fail.
func TestFailedOrganizationsAreRotated(t *testing.T) {
	plan := Plan(sets("AB AC AD BC BD CD"))
	named := func(msp string) error {
		return blaming(status.New(codes.Aborted, "failed to endorse transaction"), msp, "connection refused").Err()
	}
	gone := func(msps string) error {
		return status.Error(codes.Unavailable, "failed to find any endorsing peers for org(s): "+msps)
	}
	tests := []struct {
		name  string
		calls int
		fails func(asked []string) error
		want  string
	}{
		{"nobody fails", 2, func([]string) error { return nil }, "AB AB"},
		{"A is down and named: sets without it are next", 2, func(o []string) error {
			if slices.Contains(o, "A") {
				return named("A")
			}
			return nil
		}, "AB BC BC"},
		{"A and B are gone and named together", 1, func(o []string) error {
			if slices.Contains(o, "A") {
				return gone("A, B")
			}
			return nil
		}, "AB CD"},
		{"A hangs, so nobody is named: those not in doubt, then the others", 2, func(o []string) error {
			if slices.Contains(o, "A") {
				return status.Error(codes.DeadlineExceeded, "endorsement timeout expired")
			}
			return nil
		}, "AB CD CD"},
		{"B fails, and comes back when only it is left", 2, func(o []string) error {
			if slices.Contains(o, "B") && !slices.Contains(o, "A") {
				return nil
			}
			return named("A")
		}, "AB BC BC"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{endorse: func(_ int,
				r *gateway.EndorseRequest,
			) error {
				return tt.fails(r.GetEndorsingOrganizations())
			}}
			c := connect(t, f)
			for range tt.calls {
				if _, err := c.Sign(t.Context(), plan, "licenses:Sign", "id", "nonce"); err != nil {
					t.Fatal(err)
				}
			}
			var got [][]string
			for _, r := range f.endorsed {
				got = append(got, r.GetEndorsingOrganizations())
			}
			if fmt.Sprint(got) != fmt.Sprint(sets(tt.want)) {
				t.Errorf("asked %v, want %v", got, sets(tt.want))
			}
		})
	}
}

// All of the plan lag behind the ledger's clock: each set is asked, then the refusal is the answer.
func TestAllOrganizationsLag(t *testing.T) {
	f := &fake{endorse: func(int, *gateway.EndorseRequest) error {
		return refuse(codes.Aborted, "failed to endorse",
			`chaincode response 500, {"kind":"Unavailable","code":"clock.stale","message":"m"}`)
	}}
	var refusal *ledger.Refusal
	_, err := connect(t, f).Sign(t.Context(), Plan(sets("AB AC BC")), "licenses:Sign", "id", "nonce")
	if !errors.As(err, &refusal) || refusal.Code != "clock.stale" {
		t.Errorf("got %v, want clock.stale", err)
	}
	asked := map[string]int{}
	for _, r := range f.endorsed {
		asked[fmt.Sprint(r.GetEndorsingOrganizations())]++
	}
	if len(asked) != 3 || len(f.endorsed) != maxAttempts {
		t.Errorf("asked %v, want each of three sets in %d attempts", asked, maxAttempts)
	}
}
