package purchase

import (
	"context"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/meter"
)

// ErrUsesLeft means that an older license (Saw) of the same data and terms has uses left, and a new limit
// would end them. Use them up first; nothing was paid.
var ErrUsesLeft = ledger.Refuse(ledger.Conflict, "machine.uses_left",
	"this machine has uses of the same data and terms left: use them up first, a new limit would end them")

// checkMeter looks, before anything is paid, whether an older license of the same data and terms still counts
// on the meter that the new one needs. Adding to a limit comes with T17; today custodians sign first limits
// only.
func (b *Buyer) checkMeter(ctx context.Context, item order.Item) error {
	older, err := b.Machine.Store.OnMeter(item.Dataset, license.TermsHash(item.Dataset, item.Version, item.Model))
	if err != nil {
		return err
	}
	for _, h := range older {
		one, err := b.Machine.Store.Status(b.Machine.TPM.Transport(), h)
		if err != nil {
			return err
		}
		if one.Count < one.Limit {
			return ErrUsesLeft.With(h.License.ID)
		}
		// Once the meter is gone nothing can be attested about it.
		if _, err := b.Machine.Deliver(ctx, h.License.ID); err != nil {
			return err
		}
	}
	return nil
}

// retire removes a used-up meter from the TPM and marks its license: the new one begins at zero. It comes
// after the license was issued, so that it runs again after a crash.
func (b *Buyer) retire(l license.License) error {
	older, err := b.Machine.Store.OnMeter(l.Dataset, l.Terms)
	if err != nil {
		return err
	}
	for _, h := range older {
		if err := b.removeMeter(h); err != nil {
			return err
		}
		h.Spent, h.Meter, h.Pair = true, "", nil
		if err := b.Machine.Store.Save(h); err != nil {
			return err
		}
	}
	return nil
}

// removeMeter takes a used-up meter out of the TPM. It comes before the license is marked: the other way
// round, a crash in between would leave the old index in the new license's place, used up and with the very
// limit that is expected.
func (b *Buyer) removeMeter(h holding.Holding) error {
	files := b.Machine.Store.Folder
	if !files.Has(h.Meter) {
		return nil // removed by a run before a crash
	}
	count, err := meter.Open(b.Machine.TPM.Transport(), files.Path(h.Meter))
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
