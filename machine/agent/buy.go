package agent

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
)

// Refusals of buying.
var (
	ErrForeignOrder = ledger.Refuse(ledger.Forbidden, "machine.order", "the order is not the one that this machine asked for")
	ErrPrice        = ledger.Refuse(ledger.Limit, "machine.price", "the order costs more than allowed")
	ErrOrderState   = ledger.Refuse(ledger.Conflict, "machine.order_state", "the order can't be paid or delivered any more")
)

// pollEvery is how often the agent asks whether a payment was settled or a grant answered.
const pollEvery = time.Second

// Buy gets a license of the offer that can be used offline. An interrupted purchase of the same offer goes on where its
// journal says; atMost bounds the price of a new one, 0 = any.
func (a *Agent) Buy(ctx context.Context, offer string, atMost ledger.Satoshi) (h Holding, err error) {
	if err := ledger.CheckID(offer); err != nil {
		return h, err
	}
	d, err := a.open(ctx)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	p, err := d.purchase(offer, atMost)
	if err != nil {
		return h, err
	}
	if err := d.finish(ctx, p); err != nil {
		return h, err
	}
	return findHolding(d.store, p.License)
}

// purchase is the interrupted purchase of an offer, or a new one whose idempotency key is journaled before anything
// leaves the machine.
func (d *desk) purchase(offer string, atMost ledger.Satoshi) (*Purchase, error) {
	p, err := unfinished(d.store, offer)
	if err != nil || p != nil {
		return p, err
	}
	key, err := d.fresh()
	if err != nil {
		return nil, err
	}
	p = &Purchase{Format: "guildmark/purchase/1", Key: key, Offer: offer, AtMost: atMost}
	return p, d.step(p, Started)
}

// finish takes a purchase from where it stands to its end. Each function does one step and journals it last; done
// twice, it does no harm.
func (d *desk) finish(ctx context.Context, p *Purchase) error {
	next := map[Step]func(context.Context, *Purchase) error{
		Started:  d.placeOrder,
		Ordered:  d.checkOrder,
		Checked:  d.pay,
		Paid:     d.awaitLicense,
		Licensed: d.fetch,
		Fetched:  d.askGrant,
		Asked:    d.recordGrant,
		Recorded: d.arm,
		Armed:    d.enable,
	}
	for !p.ended() {
		do, ok := next[p.Step]
		if !ok {
			return fmt.Errorf("journal of purchase %s: unknown step %q", p.Key, p.Step)
		}
		if err := do(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

type orderRequest struct {
	Offers  []string `json:"offers"`
	Machine string   `json:"machine"`
}

// placeOrder: the key makes the order's id, so a repeated request gives the same order.
func (d *desk) placeOrder(ctx context.Context, p *Purchase) error {
	d.say("order", "ordering offer "+p.Offer)
	var placed struct {
		Order order.Order `json:"order"`
	}
	request := orderRequest{Offers: []string{p.Offer}, Machine: d.enrolled.Machine.ID}
	if err := d.gateway.call(ctx, "POST", "/v1/orders", request, &placed, "Idempotency-Key", p.Key); err != nil {
		return err
	}
	t, err := d.trust(d.enrolled)
	if err != nil {
		return err
	}
	if err := d.checkMine(t.bundle.Channel, p, placed.Order); err != nil {
		return err
	}
	p.Order = &placed.Order
	return d.step(p, Ordered)
}

// checkMine refuses an order of another machine, another offer, or a price over the limit, and one that this purchase's
// key did not make: an order of an earlier purchase would be paid a second time, for nothing (T21).
func (d *desk) checkMine(channel string, p *Purchase, o order.Order) error {
	msp, _, _ := strings.Cut(o.Buyer, ".") // a party id begins with its home
	switch {
	case o.Machine != d.enrolled.Machine.ID || o.Buyer != d.enrolled.Machine.Owner:
		return ErrForeignOrder.With("machine " + o.Machine)
	case len(o.Items) != 1 || o.Items[0].Offer != p.Offer:
		return ErrForeignOrder.With("other items")
	case o.ID != order.ID(channel, msp, o.Buyer, p.Key):
		return ErrForeignOrder.With("order " + o.ID)
	case p.AtMost > 0 && o.Price > p.AtMost:
		return ErrPrice.With(o.Price.String())
	}
	return nil
}

// checkOrder has the partners sign the order in answer to a fresh nonce, and derives the collect script from the
// bundle's own descriptor: a gateway or a single partner can't put its own address there (T3, T21).
func (d *desk) checkOrder(ctx context.Context, p *Purchase) error {
	d.say("check", "checking the signed order "+p.Order.ID)
	t, err := d.trust(d.enrolled)
	if err != nil {
		return err
	}
	var file []byte
	var nonce string
	err = d.caughtUp(ctx, func() (err error) {
		file, nonce, err = d.ask(ctx, "/v1/orders/"+p.Order.ID+"/sign")
		return err
	})
	if err != nil {
		return err
	}
	view, answer, err := t.verifier.Order(file, signed.OrderExpectation{Order: p.Order.ID, Nonce: nonce, Script: t.script})
	if err != nil {
		return err
	}
	if err := d.checkMine(t.bundle.Channel, p, view.Order); err != nil {
		return err
	}
	if view.State == "expired" || view.State == "disputed" {
		return errors.Join(ErrOrderState.With(view.State), d.step(p, Abandoned))
	}
	if _, err := d.floor(answer.Clock); err != nil {
		return err
	}
	if err := d.checkMeter(ctx, view.Order); err != nil {
		return err
	}
	if err := d.checkSealed(ctx, view.Order.Items[0]); err != nil {
		return err
	}
	if err := d.store.Write("orders/"+p.Order.ID+".signed.json", file); err != nil {
		return err
	}
	p.Order = &view.Order
	return d.step(p, Checked)
}

// script derives the collect script of an order from the treasury descriptor of the bundle, without asking anybody.
func (t trust) script(o order.Order) (string, error) {
	descriptor, err := payment.Parse(t.bundle.Treasury.Descriptor, t.bundle.Network)
	if err != nil {
		return "", err
	}
	collect, err := descriptor.Derive(o.Shard, o.Number)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(collect.Script), nil
}

// pay sends the price from the machine's wallet, once: the order's id is the payment's reference. A machine without a
// wallet shows the payment request and waits for somebody's phone.
func (d *desk) pay(ctx context.Context, p *Purchase) error {
	if d.options.Payer == nil {
		uri, err := payment.URI(p.Order.Address, p.Order.Price, "")
		if err != nil {
			return err
		}
		d.say("pay", uri)
		return d.step(p, Paid)
	}
	d.say("pay", fmt.Sprintf("paying %s to %s", p.Order.Price, p.Order.Address))
	script, err := hex.DecodeString(p.Order.Script)
	if err != nil {
		return err
	}
	if p.TxID, err = d.options.Payer.Pay(ctx, p.Order.ID, script, p.Order.Price); err != nil {
		return err
	}
	return d.step(p, Paid)
}

// awaitLicense waits until the ledger has settled the payment; settlement and license are one transaction.
func (d *desk) awaitLicense(ctx context.Context, p *Purchase) error {
	know, err := d.trust(d.enrolled)
	if err != nil {
		return err
	}
	how := "proven"
	if know.bundle.Attested { // T22: where work is free a proof alone shows nothing, and whoever looks is told so
		how = "proven and attested by partners, since work is free on " + know.bundle.Network
	}
	last := ""
	return d.poll(ctx, func() (bool, error) {
		var view order.View
		if err := d.gateway.call(ctx, "GET", "/v1/orders/"+p.Order.ID, nil, &view); err != nil {
			return false, err
		}
		if now := fmt.Sprintf("%s, %s of %s %s", view.State, view.Paid, p.Order.Price, how); now != last {
			d.say("settle", now)
			last = now
		}
		if len(view.Licenses) > 0 {
			p.License = view.Licenses[0]
			if err := ledger.CheckID(p.License); err != nil { // it becomes a folder's name
				return false, err
			}
			return true, d.step(p, Licensed)
		}
		if view.State == "expired" || view.State == "disputed" || view.State == "late" {
			return false, ErrOrderState.With(view.State)
		}
		return false, nil
	})
}

// poll asks again until done, or refused for good, or ctx ends. A server that is away for a while is no refusal.
func (d *desk) poll(ctx context.Context, ask func() (done bool, err error)) error {
	tick := time.NewTicker(max(d.options.Poll, time.Millisecond))
	defer tick.Stop()
	for asked := 1; ; asked++ {
		done, err := ask()
		if done || (err != nil && !worthRetry(err) && !mayAppear(err, asked)) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ErrWaiting.With(context.Cause(ctx).Error()), err)
		case <-tick.C:
		}
	}
}

// lag is how many times a thing that was just written may be unknown to the peer that is asked next: it catches up
// within a block or two.
const lag = 15

func mayAppear(err error, asked int) bool {
	var r *ledger.Refusal
	return errors.As(err, &r) && r.Kind == ledger.NotFound && asked < lag
}

// caughtUp repeats a request right after a write for as long as the peers that answer may not have seen the write yet.
// A server that can't be reached at all is told at once.
func (d *desk) caughtUp(ctx context.Context, ask func() error) error {
	var last error
	asked := 0
	err := d.poll(ctx, func() (bool, error) {
		last = ask()
		asked++
		done := last == nil || errors.Is(last, ErrOffline) || asked >= lag
		return done, last
	})
	if last != nil && !errors.Is(err, ErrWaiting) {
		return last
	}
	return err
}

// ErrWaiting says that the time to wait was over; the same command goes on waiting.
var ErrWaiting = ledger.Refuse(ledger.Unavailable, "machine.waiting", "not finished yet: run the same command again")
