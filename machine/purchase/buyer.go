package purchase

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/machine/enrollment"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
)

// Payer pays a script from the machine's own wallet. reference names the payment: asked twice with one
// reference, it pays once and returns the same transaction id.
type Payer interface {
	Pay(ctx context.Context, reference string, script []byte, amount ledger.Satoshi) (txid string, err error)
}

// Watcher is a Payer that can say how deep a payment of its own lies in the chain.
type Watcher interface {
	Depth(ctx context.Context, txid string) (Depth, error)
}

// Depth is what the wallet's node sees of a payment.
type Depth struct {
	Confirmations int64     // 0 = in no block yet
	Block         time.Time // of the newest block
}

// Buyer is a machine that buys.
type Buyer struct {
	Machine  *holding.Machine
	Enrolled enrollment.Record
	Payer    Payer // nil: the payment request is shown, and somebody's phone pays it
	// CanMake refuses data that no device of this machine could make. It is asked before anything is paid.
	CanMake func(dataset.Manifest) error
}

// Begin finds the interrupted purchase of an offer, or starts one whose idempotency key is journaled before
// anything leaves the machine. atMost bounds the price, 0 = any; it counts for an interrupted purchase too,
// as long as nothing can have been paid.
func (b *Buyer) Begin(offer string, atMost ledger.Satoshi) (*Purchase, error) {
	p, err := Unfinished(b.Machine.Store.Folder, offer)
	if err != nil {
		return nil, err
	}
	if p == nil {
		p = &Purchase{
			Format: "guildmark/purchase/1", Key: market.Nonce(), Offer: offer, AtMost: atMost,
			Step: Started,
		}
		return p, b.save(p, Started)
	}
	if p.Paid() || p.AtMost == atMost {
		return p, nil
	}
	p.AtMost, p.resumed = atMost, false
	return p, b.save(p, p.Step)
}

// minPrefix is how much of an offer's id must be written: a gateway that hides offers must not be able to
// offer another one under the same beginning without computing for long. The order is checked against the
// whole id.
const minPrefix = 8

// ErrOffer means that no offer, or more than one, begins with what was written (Saw). Write more of the id.
var ErrOffer = ledger.Refuse(ledger.NotFound, "machine.offer", "not the beginning of exactly one offer's id")

// CheckOffer refuses what is neither an offer's id nor a beginning of one that is long enough.
func CheckOffer(id string) error {
	if len(id) >= minPrefix && len(id) < idSize && strings.Trim(id, "0123456789abcdef") == "" {
		return nil
	}
	return ledger.CheckID(id)
}

const idSize = 64

// FindOffer completes an offer's id from its beginning: first among the purchases that were interrupted, then
// among the offers for sale.
func (b *Buyer) FindOffer(ctx context.Context, id string) (string, error) {
	if err := CheckOffer(id); err != nil || len(id) == idSize {
		return id, err
	}
	found, err := b.interrupted(id)
	if err == nil && len(found) == 0 {
		found, err = b.forSale(ctx, id)
	}
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", ErrOffer.With(fmt.Sprintf("%s begins %d offers", id, len(found)))
	}
	return found[0], ledger.CheckID(found[0])
}

// interrupted lists the offers of interrupted purchases that begin so.
func (b *Buyer) interrupted(id string) ([]string, error) {
	all, err := All(b.Machine.Store.Folder)
	var found []string
	for _, p := range all {
		if !p.Ended() && strings.HasPrefix(p.Offer, id) {
			found = append(found, p.Offer)
		}
	}
	return found, err
}

// forSale lists the offers for sale that begin so.
func (b *Buyer) forSale(ctx context.Context, id string) ([]string, error) {
	all, err := b.Machine.Gateway.Offers(ctx)
	return slices.DeleteFunc(all, func(offer string) bool { return !strings.HasPrefix(offer, id) }), err
}

// next is what is to be done when a purchase stands at a step.
type next struct {
	at Step
	do func(context.Context, *Purchase) error
}

// steps are a purchase from its start to its end. Each function does one step and journals it last; done
// twice, it does no harm.
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
