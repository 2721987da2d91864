package story

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// check judges one step of a finished sale on the ledger, the chain and the TPM: done once, wholly.
func (v *victim) check(t *testing.T, step string) {
	t.Helper()
	switch step {
	case "publish":
		v.published(t)
	case "order":
		v.ordered(t)
	case "pay":
		v.paid(t)
	case "settle":
		v.settled(t)
	case "grant":
		v.granted(t)
	case "use":
		v.used(t)
	case "receipt":
		v.reported(t)
	default:
		t.Fatalf("no such step %q", step)
	}
}

// published: three confirmations, final, one offer.
func (v *victim) published(t *testing.T) {
	t.Helper()
	var view dataset.View
	if err := on.Read(t.Context(), &view, "catalogue:Dataset", v.dataset, "1"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"LicensorsMSP", "ManufacturerMSP", "OperatorMSP"}; !view.Final ||
		!slices.Equal(view.Confirmed, want) {
		t.Errorf("final %v, confirmed by %v, want %v", view.Final, view.Confirmed, want)
	}
	var page struct {
		Offers []offer.Offer `json:"offers"`
	}
	if err := on.Ask(t.Context(), &page, "guildmark", "offers", "--gateway", on.URL("gateway"),
		"--gateway-roots", on.gatewayRoot()); err != nil {
		t.Fatal(err)
	}
	var offers []string
	for _, o := range page.Offers {
		if o.Dataset == v.dataset {
			offers = append(offers, o.ID)
		}
	}
	if !slices.Equal(offers, []string{v.offer}) {
		t.Errorf("on offer: %v, want %s alone", offers, v.offer)
	}
}

// ordered: orders of a machine are numbered by the ledger, so a second one would leave a gap.
func (v *victim) ordered(t *testing.T) {
	t.Helper()
	o := on.order(t, v.order).Order
	if o.Number != on.orders || o.Machine != on.mixer.ID || len(o.Items) != 1 || o.Items[0].Offer != v.offer {
		t.Errorf("order %d of %s for %+v, want number %d", o.Number, o.Machine, o.Items, on.orders)
	}
	on.orders = o.Number + 1
}

// paid: one output of the whole chain pays the order, and pays its price.
func (v *victim) paid(t *testing.T) {
	t.Helper()
	outputs := on.outputsTo(t, on.order(t, v.order).Order.Script)
	if len(outputs) != 1 || outputs[0].amount != price {
		t.Errorf("the chain pays the order by %+v, want one output of %d sat", outputs, price)
	}
}

type output struct {
	txid   string
	amount ledger.Satoshi
	height int64
}

// outputsTo reads all blocks for what pays a script.
func (s *scene) outputsTo(t *testing.T, script string) []output {
	t.Helper()
	best, err := s.Bitcoin.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []output
	for h := spv.Height(1); h <= best; h++ {
		hash, ok, err := s.Bitcoin.HashAt(t.Context(), h)
		if err != nil || !ok {
			t.Fatalf("block %d: %v", h, err)
		}
		block, err := s.Bitcoin.Block(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range block.Transactions {
			for _, out := range tx.TxOut {
				if hex.EncodeToString(out.PkScript) == script {
					found = append(found, output{tx.TxHash().String(), ledger.Satoshi(out.Value), int64(h)})
				}
			}
		}
	}
	return found
}

// settled: one payment credited, one license, and the price booked once, to the satoshi.
func (v *victim) settled(t *testing.T) {
	t.Helper()
	view := on.order(t, v.order)
	if view.State != "paid" || view.Paid != price || len(view.Payments) != 1 ||
		!slices.Equal(view.Licenses, []string{v.license}) {
		t.Errorf("order is %s by %+v with licenses %v", view.State, view.Payments, view.Licenses)
	}
	var held []license.License
	if err := on.Read(t.Context(), &held, "licenses:OfMachine", on.mixer.ID); err != nil {
		t.Fatal(err)
	}
	held = slices.DeleteFunc(held, func(l license.License) bool { return l.Dataset != v.dataset })
	if len(held) != 1 || held[0].ID != v.license {
		t.Errorf("the machine holds %d licenses of the dataset, want one", len(held))
	}
	var total ledger.Satoshi
	for _, payee := range []string{
		on.Party("operator", "governor"), on.Party("licensors", "licensor1"),
		on.Party("licensors", "licensor2"),
	} {
		var accruals []royalty.Accrual
		if err := on.Read(t.Context(), &accruals, "royalties:Accruals", payee); err != nil {
			t.Fatal(err)
		}
		accruals = slices.DeleteFunc(accruals, func(a royalty.Accrual) bool { return a.Order != v.order })
		if len(accruals) != 1 {
			t.Errorf("%s has %d accruals of the order, want one", payee, len(accruals))
		}
		for _, a := range accruals {
			total += a.Amount
		}
	}
	if total != price {
		t.Errorf("accruals add up to %d sat, want %d", total, price)
	}
}

// granted: one grant, answered once by each custodian of its pair.
func (v *victim) granted(t *testing.T) {
	t.Helper()
	var view grant.View
	if err := on.Read(t.Context(), &view, "licenses:GetGrant", v.license, ""); err != nil {
		t.Fatal(err)
	}
	var answered []string
	for _, a := range view.Answers {
		answered = append(answered, a.MSP)
	}
	slices.Sort(answered)
	if view.Grant.Number != 1 || view.Grant.Limit != uses || len(view.Grant.Pair) != 2 ||
		!slices.Equal(answered, view.Grant.Pair) {
		t.Errorf("grant %d over %d uses, answered by %v, want the first over %d by %v", view.Grant.Number,
			view.Grant.Limit, answered, uses, view.Grant.Pair)
	}
}

// used: the TPM counted to the limit and no further. A killed service costs nothing; a killed agent at most the
// use that it had burnt.
func (v *victim) used(t *testing.T) {
	t.Helper()
	want := []int64{1, 2, 3}
	if v.class == "agent" {
		want = []int64{2, 3}
	}
	if !slices.Equal(v.made, want) {
		t.Errorf("drinks %v were made, want %v", v.made, want)
	}
	if v.refused != usedUp {
		t.Errorf("the next use ended by %q, want %s", v.refused, usedUp)
	}
}

// reported: the ledger has exactly the receipts of the uses that the machine finished.
func (v *victim) reported(t *testing.T) {
	t.Helper()
	var list []grant.Receipt
	if err := on.Read(t.Context(), &list, "licenses:Receipts", v.license); err != nil {
		t.Fatal(err)
	}
	var counts []int64
	for _, r := range list {
		counts = append(counts, r.Count)
	}
	if !slices.Equal(counts, v.made) {
		t.Errorf("receipts over uses %v, want %v", counts, v.made)
	}
}
