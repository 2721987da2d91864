package agent

import (
	"context"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/machine/meter"
)

// Refusals of buying again.
var (
	ErrUsesLeft = ledger.Refuse(ledger.Conflict, "machine.uses_left", "this machine has uses of the same data and terms left: use them up first, a new limit would end them")
	ErrSpent    = ledger.Refuse(ledger.Conflict, "machine.spent", "the license's uses are used up, and a newer license has taken its meter")
)

// checkMeter looks, before anything is paid, whether an older license of the same data and terms still counts on the
// meter that the new one needs. Adding to a limit is for later; today custodians sign first limits only.
func (d *desk) checkMeter(ctx context.Context, o order.Order) error {
	item := o.Items[0]
	older, err := d.onMeter(item.Dataset, license.TermsHash(item.Dataset, item.Version, item.Model))
	if err != nil {
		return err
	}
	for _, h := range older {
		one, err := d.status(h)
		if err != nil {
			return err
		}
		if one.Count < one.Limit {
			return ErrUsesLeft.With(h.License.ID)
		}
		// Once the meter is gone nothing can be attested about it.
		if _, err := d.deliver(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// onMeter are the licenses that count on one meter.
func (d *desk) onMeter(dataset, terms string) ([]Holding, error) {
	all, err := d.Licenses()
	if err != nil {
		return nil, err
	}
	var on []Holding
	for _, h := range all {
		if h.License.Dataset == dataset && h.License.Terms == terms && h.Meter != "" {
			on = append(on, h)
		}
	}
	return on, nil
}

// retire removes a used-up meter from the TPM and marks its license: the new one begins at zero. It comes after the
// license was issued, so that it runs again after a crash.
func (d *desk) retire(l license.License) error {
	older, err := d.onMeter(l.Dataset, l.Terms)
	if err != nil {
		return err
	}
	for _, h := range older {
		if err := d.removeMeter(h); err != nil {
			return err
		}
		h.Spent, h.Meter, h.Pair = true, "", nil
		if err := d.store.Save(holdingFile(h.License.ID, "holding.json"), h); err != nil {
			return err
		}
	}
	return nil
}

// removeMeter takes a used-up meter out of the TPM. It comes before the license is marked: the other way round, a crash
// in between would leave the old index in the new license's place, used up and with the very limit that is expected.
func (d *desk) removeMeter(h Holding) error {
	if !d.store.Has(h.Meter) {
		return nil // removed by a run before a crash
	}
	count, err := meter.Open(d.conn, d.store.Path(h.Meter))
	if err != nil {
		return err
	}
	pin, err := count.Read()
	if err != nil {
		return err
	}
	if meter.Left(pin) > 0 {
		return ErrUsesLeft.With(h.License.ID)
	}
	return count.Remove()
}
