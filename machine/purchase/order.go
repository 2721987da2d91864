package purchase

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/machine/market"
)

// Refusals of orders. All of them come before anything is paid, but for ErrOrderState while waiting for the
// license.
var (
	// ErrOrder means that the order names another machine, owner, offer or idempotency key than this purchase
	// (Saw says which). Ask another gateway.
	ErrOrder = ledger.Refuse(ledger.Forbidden, "machine.order",
		"the order is not the one that this machine asked for")
	// ErrPrice means that the order costs more than the bound that was given. Nothing was paid: buy again
	// with a higher bound, or with none.
	ErrPrice = ledger.Refuse(ledger.Limit, "machine.price", "the order costs more than allowed")
	// ErrOrderState means that the order has expired, is disputed, or was paid late (Saw). Buy again; talk to
	// the consortium about what was paid.
	ErrOrderState = ledger.Refuse(ledger.Conflict, "machine.order_state",
		"the order can't be paid or delivered any more")
)

// placeOrder places the order. The journal's key makes its id, so a repeated request gives the same order.
func (b *Buyer) placeOrder(ctx context.Context, p *Purchase) error {
	b.say("order", "ordering offer "+p.Offer)
	request := market.OrderRequest{Offers: []string{p.Offer}, Machine: b.Machine.ID}
	placed, err := b.Machine.Gateway.PlaceOrder(ctx, p.Key, request)
	if err != nil {
		return err
	}
	if err := b.checkMine(p, placed); err != nil {
		return err
	}
	p.Order = &placed
	return b.save(p, Ordered)
}

// checkMine refuses an order of another machine or another offer, a price over the bound, and an order that
// this purchase's key did not make: an order of an earlier purchase would be paid a second time, for nothing
// (T21).
func (b *Buyer) checkMine(p *Purchase, o order.Order) error {
	msp, _, _ := strings.Cut(o.Buyer, ".") // a party id begins with its home
	switch {
	case o.Machine != b.Machine.ID || o.Buyer != b.Enrolled.Machine.Owner:
		return ErrOrder.With("machine " + o.Machine)
	case len(o.Items) != 1 || o.Items[0].Offer != p.Offer:
		return ErrOrder.With("other items")
	case o.ID != order.ID(b.Machine.Trust.Bundle.Channel, msp, o.Buyer, p.Key):
		return ErrOrder.With("order " + o.ID)
	case p.AtMost > 0 && o.Price > p.AtMost:
		from := ""
		if p.resumed {
			from = " (from the purchase begun before)"
		}
		return ErrPrice.With(fmt.Sprintf("allowed %s%s, costs %s", p.AtMost, from, o.Price))
	}
	return nil
}

// checkOrder has the partners sign the order in answer to a fresh nonce, and derives the collect script from
// the bundle's own descriptor: a gateway or a single partner can't put its own address there (T3, T21).
func (b *Buyer) checkOrder(ctx context.Context, p *Purchase) error {
	b.say("check", "checking the signed order "+p.Order.ID)
	view, file, err := b.signedOrder(ctx, p)
	if err != nil {
		return err
	}
	if view.State == "expired" || view.State == "disputed" {
		return errors.Join(ErrOrderState.With(view.State), b.save(p, Abandoned))
	}
	if err := b.checkMeter(ctx, view.Order.Items[0]); err != nil {
		return err
	}
	if err := b.checkUsable(ctx, view.Order.Items[0]); err != nil {
		return err
	}
	if err := b.Machine.Store.Folder.Write("orders/"+p.Order.ID+".signed.json", file); err != nil {
		return err
	}
	p.Order = &view.Order
	return b.save(p, Checked)
}

// checkUsable finds out before anything is paid that the machine can open the data and has a device for it.
func (b *Buyer) checkUsable(ctx context.Context, item order.Item) error {
	fetched, err := b.Machine.FetchDataset(ctx, item)
	if err != nil {
		return err
	}
	return b.CanMake(fetched.Manifest)
}

// signedOrder gets the order as the partners sign it now, and verifies it.
func (b *Buyer) signedOrder(ctx context.Context, p *Purchase) (view order.View, file []byte, err error) {
	var nonce string
	err = market.CaughtUp(ctx, b.Machine.Every, func() (err error) {
		file, nonce, err = b.Machine.Gateway.SignOrder(ctx, p.Order.ID)
		return err
	})
	if err != nil {
		return view, nil, err
	}
	want := signed.OrderExpectation{Order: p.Order.ID, Nonce: nonce, Script: b.Machine.Trust.Script}
	view, answer, err := b.Machine.Trust.Verifier.Order(file, want)
	if err != nil {
		return view, nil, err
	}
	if err := b.checkMine(p, view.Order); err != nil {
		return view, nil, err
	}
	_, err = b.Machine.Floor(answer.Clock)
	return view, file, err
}

// pay sends the price from the machine's wallet, once: the order's id is the payment's reference. A machine
// without a wallet shows the payment request and waits for somebody's phone.
func (b *Buyer) pay(ctx context.Context, p *Purchase) error {
	if b.Payer == nil {
		uri, err := payment.URI(p.Order.Address, p.Order.Price, "")
		if err != nil {
			return err
		}
		b.say("pay", uri)
		return b.save(p, Paid)
	}
	b.say("pay", fmt.Sprintf("paying %s to %s", p.Order.Price, p.Order.Address))
	script, err := hex.DecodeString(p.Order.Script)
	if err != nil {
		return fmt.Errorf("journal of purchase %s: script: %w", p.Key, err)
	}
	if p.TxID, err = b.Payer.Pay(ctx, p.Order.ID, script, p.Order.Price); err != nil {
		return err
	}
	return b.save(p, Paid)
}

// awaitLicense waits until the ledger has settled the payment; settlement and license are one transaction.
func (b *Buyer) awaitLicense(ctx context.Context, p *Purchase) error {
	last := "the payment is sent"
	seen := func(ctx context.Context) string { return b.depth(ctx, p) + last }
	return market.Poll(ctx, b.Machine.Every, seen, func() (bool, error) {
		view, err := b.Machine.Gateway.Order(ctx, p.Order.ID)
		if err != nil {
			return false, err
		}
		if now := b.settling(p, view); now != last {
			b.say("settle", now)
			last = now
		}
		if len(view.Licenses) > 0 {
			p.License = view.Licenses[0]
			if err := ledger.CheckID(p.License); err != nil { // it becomes a folder's name
				return false, err
			}
			return true, b.save(p, Licensed)
		}
		if view.State == "expired" || view.State == "disputed" || view.State == "late" {
			return false, ErrOrderState.With(view.State)
		}
		return false, nil
	})
}

// settling says how far the ledger is with a payment.
func (b *Buyer) settling(p *Purchase, view order.View) string {
	bundle, how := b.Machine.Trust.Bundle, "proven"
	// T22: where work is free a proof alone shows nothing, and the reader of this line must know it
	if bundle.Attested {
		how = "proven and attested by partners, since work is free on " + bundle.Network
	}
	return fmt.Sprintf("%s, %s of %s %s", view.State, view.Paid, p.Order.Price, how)
}

// depthTimeout bounds the question that explains why a wait ended.
const depthTimeout = 10 * time.Second

// depth says for a payment of the machine's own wallet what its node sees of it; "" when it can't say.
func (b *Buyer) depth(ctx context.Context, p *Purchase) string {
	watcher, ok := b.Payer.(Watcher)
	if !ok || p.TxID == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, depthTimeout)
	defer cancel()
	d, err := watcher.Depth(ctx, p.TxID)
	if err != nil {
		return err.Error() + "; "
	}
	return fmt.Sprintf("%d confirmations, no block since %s; ", d.Confirmations, d.Block.UTC().Format(time.RFC3339))
}
