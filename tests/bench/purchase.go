package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

var errStock = errors.New("the paid orders ran out within one measurement: raise batch")

// place orders the machine's next paid thing.
func (m *market) place(ctx context.Context, x *box, offer string) (payable, error) {
	if len(x.stock) == 0 {
		return payable{}, errStock
	}
	p := x.stock[0]
	x.stock = x.stock[1:]
	request := order.Request{
		Key:     "bench-" + strconv.Itoa(int(x.shard)) + "-" + strconv.Itoa(int(p.number)),
		Machine: x.id, Offers: []string{offer},
	}
	r, err := m.insist(ctx, func() (client.Result, error) {
		return m.buyer.Submit(ctx, "orders:Place", string(ledger.Encode(request)))
	})
	if err != nil {
		return p, err
	}
	var o order.Order
	if err := json.Unmarshal(r.Payload, &o); err != nil {
		return p, err
	}
	if o.Script != hex.EncodeToString(p.script) {
		return p, fmt.Errorf("order %d of machine %s has another script than was paid", o.Number, x.id)
	}
	p.order = o.ID
	return p, nil
}

// insist does what a client of the product does: it sends again, harmlessly, what nobody knows the outcome of, and
// counts that.
func (m *market) insist(ctx context.Context, try func() (client.Result, error)) (client.Result, error) {
	const most = 20
	for tried := 1; ; tried++ {
		r, err := try()
		if err == nil || ctx.Err() != nil || tried == most || !errors.Is(err, client.ErrOutcome) {
			return r, err
		}
		m.unknown.Add(1)
	}
}

// settle proves an order's payment; the ledger books license and accruals in this one transaction.
func (m *market) settle(ctx context.Context, by *client.Client, p payable) error {
	doc := order.SettleRequest{Order: p.order, Height: p.height, Block: p.block, Proof: *p.proof}
	r, err := m.insist(ctx, func() (client.Result,
		error,
	) {
		return by.Submit(ctx, "orders:Settle", string(ledger.Encode(doc)))
	})
	if errors.Is(err, order.ErrKnown) { // the one before, of which nobody could say what became of it, did commit
		return nil
	}
	if err != nil {
		return err
	}
	var result order.SettleResult
	if err := json.Unmarshal(r.Payload, &result); err != nil {
		return err
	}
	if result.State != order.Paid || len(result.Licenses) != 1 {
		return fmt.Errorf("order %s settled to %s with %d licenses", p.order, result.State, len(result.Licenses))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made = append(m.made, result.Licenses[0])
	return nil
}

// sizes are the bytes of one transaction as it stands in a block: the floor writes as many.
type sizes struct {
	place, settle, put int // put: with an empty value
}

// weigh makes one purchase and one empty blind write, each in a block of its own.
func (m *market) weigh(ctx context.Context, b *bench) error {
	if err := m.stockUp(ctx, b); err != nil {
		return err
	}
	p, err := m.place(ctx, m.boxes[0], m.offers[0])
	if err != nil {
		return err
	}
	if m.places.place, err = m.newest(ctx); err != nil {
		return err
	}
	if err = m.settle(ctx, m.oracle, p); err != nil {
		return err
	}
	if m.places.settle, err = m.newest(ctx); err != nil {
		return err
	}
	if err := m.put(ctx, "buyer1", 0); err != nil {
		return err
	}
	m.places.put, err = m.newest(ctx)
	return err
}

// newest is the size of the one transaction in the newest block.
func (m *market) newest(ctx context.Context) (int, error) {
	height, err := m.buyer.Height(ctx)
	if err != nil {
		return 0, err
	}
	for block, err := range m.buyer.Blocks(ctx, height-1) {
		if err != nil {
			return 0, err
		}
		return len(block.GetData().GetData()[0]), nil
	}
	return 0, ctx.Err()
}

// value is how many bytes a blind write carries so that its transaction has a size: they stand in it twice, as the
// argument and as what is written.
func (s sizes) value(of int) int { return max(0, (of-s.put)/2) }

// put is the floor: one blind write under a key of its own.
func (m *market) put(ctx context.Context, identity string, size int) error {
	c, err := m.net.below("operator", identity)
	if err != nil {
		return err
	}
	key, value := fmt.Sprintf("floor/%064d", m.puts.Add(1)), strings.Repeat("0", size)
	_, err = m.insist(ctx, func() (client.Result, error) { return c.Submit(ctx, "Put", key, value) })
	return err
}

// How long completions are counted in one measurement of throughput.
const (
	writingFor = 2500 * time.Millisecond
	askingFor  = time.Second
)

// rampOf is how long clients work before counting starts: until as many calls are under way as there are clients.
func rampOf(window time.Duration) time.Duration { return window / 5 }

// steady lets clients work without pause and gives how many calls they complete a second within a window.
func steady(ctx context.Context, clients int, window time.Duration,
	do func(ctx context.Context, i int, done func()) error,
) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	open := time.Now().Add(rampOf(window))
	shut := open.Add(window)
	var n atomic.Int64
	done := func() {
		if now := time.Now(); now.After(open) && now.Before(shut) {
			n.Add(1)
		}
	}
	var work sync.WaitGroup
	for i := range clients {
		work.Go(func() {
			for time.Now().Before(shut) && ctx.Err() == nil {
				if err := do(ctx, i, done); err != nil {
					cancel(err)
				}
			}
		})
	}
	work.Wait()
	return float64(n.Load()) / window.Seconds(), context.Cause(ctx)
}

// buy is a purchase by one machine: order, then settlement.
func (m *market) buy(ctx context.Context, i int, offer string, done func()) error {
	p, err := m.place(ctx, m.boxes[i], offer)
	if err != nil {
		return err
	}
	done()
	if err = m.settle(ctx, m.buyer, p); err == nil {
		done()
	}
	return err
}

// buying measures purchases of all machines at once, in transactions a second.
func (m *market) buying(b *bench, choose func() string) measure {
	return m.net.beating(func(ctx context.Context) (float64, error) {
		if err := m.stockUp(ctx, b); err != nil {
			return 0, err
		}
		return steady(ctx, machines, writingFor,
			func(ctx context.Context, i int, done func()) error { return m.buy(ctx, i, choose(), done) })
	})
}

// writing measures blind writes of a size.
func (m *market) writing(identity string, size int) measure {
	return m.net.beating(func(ctx context.Context) (float64, error) {
		return steady(ctx, machines, writingFor, func(ctx context.Context, _ int, done func()) error {
			err := m.put(ctx, identity, size)
			if err == nil {
				done()
			}
			return err
		})
	})
}

// anyOffer spreads purchases evenly over all datasets.
func (m *market) anyOffer() string { return m.offers[rand.IntN(len(m.offers))] } //nolint:gosec // spreads load, guards nothing

// counted measures a row and says what became of its transactions, as the blocks have it.
func (b *bench) counted(ctx context.Context, c comparison, conflictGoal bool) (Row, error) {
	reader, err := b.net.as("operator", "reader")
	if err != nil {
		return Row{}, err
	}
	from, err := reader.Height(ctx)
	if err != nil {
		return Row{}, err
	}
	m := b.net.market
	unknown := m.unknown.Load()
	row, err := b.compare(ctx, c)
	if err != nil {
		return row, err
	}
	unknown = m.unknown.Load() - unknown
	valid, conflicts, others, err := b.net.count(ctx, from)
	if err != nil {
		return row, err
	}
	row.Notes = append(row.Notes, fmt.Sprintf(
		"%d transactions valid, %d failed by MVCC, %d otherwise, warm-up and stocking up included", valid,
		conflicts, others))
	if unknown > 0 {
		row.Notes = append(row.Notes, fmt.Sprintf("sent again: %d because nobody knew their outcome", unknown))
	}
	if conflictGoal {
		row.Also = append(row.Also, condition("MVCC failures", "=0", float64(conflicts)))
	}
	row.judge()
	return row, nil
}

func (s sizes) note() string {
	return fmt.Sprintf("transactions in blocks: order %d bytes, settlement %d; the blind write's value is "+
		"sized so that it has as many", s.place, s.settle)
}
