package royalty_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// TestCheckHomes: each payee that a split names belongs to a partner, so that somebody can pay it.
func TestCheckHomes(t *testing.T) {
	partner := func(msp string) bool { return slices.Contains([]string{"AMSP", "BMSP"}, msp) }
	const stranger = "CMSP.0000000000000003"
	for _, c := range []struct {
		name  string
		terms royalty.Terms
		want  error
	}{
		{"all at home", royalty.Terms{
			Commission:   royalty.Commission{Payee: "AMSP.0000000000000001"},
			Contributors: []royalty.Contributor{{Payee: "BMSP.0000000000000002"}},
		}, nil},
		{"a residual payee at home", royalty.Terms{Commission: royalty.Commission{Payee: "AMSP.0000000000000001"}, Residual: "BMSP.0000000000000002"}, nil},
		{"a stranger's commission", royalty.Terms{Commission: royalty.Commission{Payee: stranger}}, royalty.ErrPayee},
		{"a stranger among contributors", royalty.Terms{
			Commission:   royalty.Commission{Payee: "AMSP.0000000000000001"},
			Contributors: []royalty.Contributor{{Payee: "BMSP.0000000000000002"}, {Payee: stranger}},
		}, royalty.ErrPayee},
		{"a stranger for the rest", royalty.Terms{Commission: royalty.Commission{Payee: "AMSP.0000000000000001"}, Residual: stranger}, royalty.ErrPayee},
		{
			"a partner's name with more behind it",
			royalty.Terms{Commission: royalty.Commission{Payee: "AMSPX.0000000000000001"}},
			royalty.ErrPayee,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.terms.CheckHomes(partner); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestTotal(t *testing.T) {
	got := royalty.Total("A", []royalty.Accrual{{Amount: 3}, {Amount: 4}})
	if want := (royalty.Balance{Payee: "A", Amount: 7, Count: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := royalty.Total("B", nil); got != (royalty.Balance{Payee: "B"}) {
		t.Errorf("nothing owed: got %+v", got)
	}
}
