package purchase

import (
	"context"
	"fmt"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/machine/enrollment"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
)

// Payer pays a script from the machine's own wallet. reference names the payment: asked twice with one reference, it
// pays once and returns the same transaction id.
type Payer interface {
	Pay(ctx context.Context, reference string, script []byte, amount ledger.Satoshi) (txid string, err error)
}

// Buyer is a machine that buys.
type Buyer struct {
	Machine  *holding.Machine
	Enrolled enrollment.Record
	Payer    Payer // nil: the payment request is shown, and somebody's phone pays it
	// CanMake refuses data that no device of this machine could make. It is asked before anything is paid.
	CanMake func(dataset.Manifest) error
}

// Begin finds the interrupted purchase of an offer, or starts one whose idempotency key is journaled before anything
// leaves the machine. atMost bounds the price of a new one, 0 = any.
func (b *Buyer) Begin(offer string, atMost ledger.Satoshi) (*Purchase, error) {
	p, err := Unfinished(b.Machine.Store.Folder, offer)
	if err != nil || p != nil {
		return p, err
	}
	p = &Purchase{Format: "guildmark/purchase/1", Key: market.Nonce(), Offer: offer, AtMost: atMost}
	return p, b.save(p, Started)
}

// next is what is to be done when a purchase stands at a step.
type next struct {
	at Step
	do func(context.Context, *Purchase) error
}

// steps are a purchase from its start to its end. Each function does one step and journals it last; done twice, it does
// no harm.
func (b *Buyer) steps() []next {
	return []next{
		{Started, b.placeOrder},
		{Ordered, b.checkOrder},
		{Checked, b.pay},
		{Paid, b.awaitLicense},
		{Licensed, b.fetch},
		{Fetched, b.askGrant},
		{Asked, b.recordGrant},
		{Recorded, b.arm},
		{Armed, b.enable},
	}
}

// Finish takes a purchase from where it stands to its end.
func (b *Buyer) Finish(ctx context.Context, p *Purchase) error {
	steps := b.steps()
	for !p.Ended() {
		i := slices.IndexFunc(steps, func(n next) bool { return n.at == p.Step })
		if i < 0 {
			return fmt.Errorf("journal of purchase %s: unknown step %q", p.Key, p.Step)
		}
		if err := steps[i].do(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (b *Buyer) say(step, detail string) { b.Machine.Say(step, detail) }
