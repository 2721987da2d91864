package contract_test

import (
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// TestAttackBundleNobodyCanUse: two bundle keys sign a bundle whose revocation list can't be read; no machine
// that took it would ever verify anything again, its own successor bundle apart.
func TestAttackBundleNobodyCanUse(t *testing.T) {
	w := newWorld(t)
	newest := read[consortium.SignedBundle](w, w.buyer, "governance:Bundle", "")
	next, err := signed.ParseBundle(decode(t, w.Bundle(1, ledger.Digest(decode(t, newest.Bundle))).Bundle))
	if err != nil {
		t.Fatal(err)
	}
	broken := *next
	broken.Partners = append([]signed.BundlePartner{}, next.Partners...)
	broken.Partners[0].CRLs = []string{"no list"}
	w.Refused(signed.ErrBundle, w.Governors[operator], "governance:PutBundle",
		doc(w.SignBundle(broken, licensors, operator)))
	w.Must(w.Governors[operator], "governance:PutBundle", doc(w.SignBundle(*next, licensors, operator)))
}
