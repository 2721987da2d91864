package consortium_test

import (
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

func TestCustodianSetsUnsigned(t *testing.T) {
	one, other := []string{"AMSP", "BMSP"}, []string{"BMSP", "CMSP"}
	for _, c := range []struct {
		name    string
		sets    consortium.CustodianSets
		signers []string
		want    []string
		found   bool
	}{
		{"no set demands nobody", nil, nil, nil, false},
		{"one of one set", consortium.CustodianSets{one}, []string{"AMSP", "DMSP"}, nil, false},
		{"none of one set", consortium.CustodianSets{one}, []string{"CMSP", "DMSP"}, one, true},
		{"one of each set", consortium.CustodianSets{one, other}, []string{"AMSP", "CMSP"}, nil, false},
		{"the one that both sets share", consortium.CustodianSets{one, other}, []string{"BMSP"}, nil, false},
		{
			"one of the union, none of the second set",
			consortium.CustodianSets{one, other},
			[]string{"AMSP"},
			other, true,
		},
		{"a set without members can't be signed", consortium.CustodianSets{{}}, []string{"AMSP"}, []string{}, true},
		{"nobody signed", consortium.CustodianSets{one}, nil, one, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, found := c.sets.Unsigned(c.signers)
			if found != c.found || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v; want %v, %v", got, found, c.want, c.found)
			}
		})
	}
}
