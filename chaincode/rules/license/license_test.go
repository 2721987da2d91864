package license_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
)

func TestOwner(t *testing.T) {
	l := license.License{Buyer: "OperatorMSP.0123456789abcdef"}
	if err := l.CheckOwner(l.Buyer); err != nil {
		t.Error(err)
	}
	for _, other := range []string{"", "OperatorMSP", "OperatorMSP.ffffffffffffffff"} {
		if err := l.CheckOwner(other); !errors.Is(err, license.ErrOwner) {
			t.Errorf("%q: got %v, want %v", other, err, license.ErrOwner)
		}
	}
}

// TestTermsHash: licenses share a meter if and only if dataset, version and model are the same (T16).
func TestTermsHash(t *testing.T) {
	base := license.TermsHash("dataset", 1, offer.Model{Kind: offer.ModelUses, Uses: 3})
	for name, other := range map[string]string{
		"another dataset": license.TermsHash("data set", 1, offer.Model{Kind: offer.ModelUses, Uses: 3}),
		"another version": license.TermsHash("dataset", 2, offer.Model{Kind: offer.ModelUses, Uses: 3}),
		"another kind":    license.TermsHash("dataset", 1, offer.Model{Kind: "days", Uses: 3}),
		"another count":   license.TermsHash("dataset", 1, offer.Model{Kind: offer.ModelUses, Uses: 4}),
		"shifted digits":  license.TermsHash("dataset", 13, offer.Model{Kind: offer.ModelUses}),
	} {
		if other == base {
			t.Errorf("%s: the same hash", name)
		}
	}
	if again := license.TermsHash("dataset", 1, offer.Model{Kind: offer.ModelUses, Uses: 3}); again != base {
		t.Error("the same terms: another hash")
	}
}

func TestCustodianSets(t *testing.T) {
	l := license.License{Custodians: []string{"AMSP", "BMSP"}}
	if sets := l.CustodianSets(); len(sets) != 1 || !slices.Equal(sets[0], l.Custodians) {
		t.Errorf("got %v", sets)
	}
}

func TestHeldKey(t *testing.T) {
	machine, id := ledger.Hash("machine"), license.ID(ledger.Hash("order"), "0")
	if got, err := license.ParseHeldKey(license.HeldKey(machine, id)); err != nil || got != id {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", license.Key(id), license.HeldKey(machine, "x")} {
		if _, err := license.ParseHeldKey(bad); !errors.Is(err, ledger.ErrKey) {
			t.Errorf("%q: got %v, want %v", bad, err, ledger.ErrKey)
		}
	}
}
