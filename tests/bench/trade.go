package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// purchases is row 1.
func purchases(ctx context.Context, b *bench) ([]Row, error) {
	m, err := b.trade(ctx)
	if err != nil {
		return nil, err
	}
	size := m.places.value((m.places.place + m.places.settle) / 2)
	row, err := b.counted(ctx, comparison{
		id: "1", name: "purchase settled by proof: order + settlement, each counted ÷ blind write",
		unit: "tx/s", goal: ">=0.80",
		floor: m.writing("buyer1", size), product: m.buying(b, m.anyOffer),
	}, false)
	if err != nil {
		return nil, err
	}
	m.net.rate = row.Product
	row.Notes = append(row.Notes, m.places.note(),
		fmt.Sprintf("%.0f purchases a second; %d clients", row.Product/2, machines))
	return []Row{row}, nil
}

// records is row 2: orders that stand, paid, are settled by an oracle.
func records(ctx context.Context, b *bench) ([]Row, error) {
	m, err := b.trade(ctx)
	if err != nil {
		return nil, err
	}
	settle := func(ctx context.Context) (float64, error) {
		if err := m.placeAhead(ctx, b); err != nil {
			return 0, err
		}
		return steady(ctx, machines, writingFor, func(ctx context.Context, _ int, done func()) error {
			p, err := m.takePlaced()
			if err == nil {
				err = m.settle(ctx, m.oracle, p)
			}
			if err == nil {
				done()
			}
			return err
		})
	}
	row, err := b.counted(ctx, comparison{
		id: "2", name: "oracle's payment record (settles a standing order) ÷ blind write", unit: "tx/s",
		goal:  ">=0.85",
		floor: m.writing("oracle", m.places.value(m.places.settle)), product: m.net.beating(settle),
	}, false)
	if err != nil {
		return nil, err
	}
	row.Notes = append(row.Notes, m.places.note())
	return []Row{row}, nil
}

// ahead is how many standing orders a measurement finds: more than it can settle.
func (m *market) ahead() int {
	const fast, least = 900, 200 // where nothing is known: a quiet machine's three seconds
	if m.net.rate == 0 {
		return fast
	}
	return max(least, int(2*m.net.rate*(writingFor+rampOf(writingFor)).Seconds()))
}

// placeAhead places paid orders until there are enough.
func (m *market) placeAhead(ctx context.Context, b *bench) error {
	for ahead := m.ahead(); len(m.placed) < ahead; {
		if err := m.stockUp(ctx, b); err != nil {
			return err
		}
		b.progress.say("market: placing orders ahead, %d of %d", len(m.placed), ahead)
		err := each(ctx, machines, func(ctx context.Context, i int) error { // one after the other at each machine
			for range 2 {
				p, err := m.place(ctx, m.boxes[i], m.anyOffer())
				if err != nil {
					return err
				}
				m.mu.Lock()
				m.placed = append(m.placed, p)
				m.mu.Unlock()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *market) takePlaced() (payable, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.placed) == 0 {
		return payable{}, errStock
	}
	p := m.placed[0]
	m.placed = m.placed[1:]
	return p, nil
}

// hotDataset is row 4.
func hotDataset(ctx context.Context, b *bench) ([]Row, error) {
	m, err := b.trade(ctx)
	if err != nil {
		return nil, err
	}
	row, err := b.counted(ctx, comparison{
		id: "4", name: fmt.Sprintf("hot dataset: %d machines all buy one ÷ spread over %d (not 1,000)",
			machines, datasets), unit: "tx/s", goal: ">=0.95",
		floor: m.buying(b, m.anyOffer), product: m.buying(b, func() string { return m.offers[0] }),
	}, true)
	if err != nil {
		return nil, err
	}
	return []Row{row}, nil
}

// latencies is row 3: transactions arrive at half the rate that row 1 reached.
func latencies(ctx context.Context, b *bench) ([]Row, error) {
	m, err := b.trade(ctx)
	if err != nil {
		return nil, err
	}
	if m.net.rate == 0 {
		if m.net.rate, err = m.buying(b, m.anyOffer)(ctx); err != nil {
			return nil, err
		}
	}
	half := m.net.rate / 2
	size := m.places.value((m.places.place + m.places.settle) / 2)
	var locks [machines]sync.Mutex
	floor := m.net.beating(func(ctx context.Context) (float64, error) {
		return arrivals(ctx, half, func(ctx context.Context, _ int, due time.Time, took func(time.Time)) error {
			err := m.put(ctx, "buyer1", size)
			took(due)
			return err
		})
	})
	product := m.net.beating(func(ctx context.Context) (float64, error) {
		if err := m.stockUp(ctx, b); err != nil {
			return 0, err
		}
		return arrivals(ctx, half/2, func(ctx context.Context, i int, due time.Time, took func(time.Time)) error {
			i %= machines
			locks[i].Lock()
			defer locks[i].Unlock()
			return m.buy(ctx, i, m.anyOffer(), func() {
				took(due)
				due = time.Now() // the second transaction is due when the first has come back
			})
		})
	})
	row, err := b.counted(ctx, comparison{
		id: "3", name: "p95 of a purchase's transactions ÷ of blind writes, at half load", unit: "ms", goal: "<=1.15",
		floor: floor, product: product,
	}, false)
	if err != nil {
		return nil, err
	}
	row.Notes = append(row.Notes, fmt.Sprintf(
		"half load: %.0f transactions a second, arriving evenly, of both kinds", half))
	return []Row{row}, nil
}

// arriving is how long calls arrive for one measurement of latency.
const arriving = 4 * time.Second

// arrivals starts calls at an even rate, whether earlier ones are back or not, and gives the p95 of their times in
// milliseconds, each counted from the moment it was due.
func arrivals(ctx context.Context, rate float64,
	do func(ctx context.Context, i int, due time.Time, took func(time.Time)) error,
) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var times []float64
	took := func(due time.Time) {
		d := time.Since(due)
		mu.Lock()
		defer mu.Unlock()
		times = append(times, float64(d)/float64(time.Millisecond))
	}
	began := time.Now()
	var work sync.WaitGroup
	for i := range int(rate * arriving.Seconds()) {
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		timer := time.NewTimer(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		work.Go(func() {
			if err := do(ctx, i, due, took); err != nil {
				cancel(err)
			}
		})
	}
	work.Wait()
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	if len(times) < 20 {
		return 0, fmt.Errorf("only %d transactions: a p95 of them says nothing", len(times))
	}
	return quantile(times, 0.95), nil
}
