package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// measure takes one number, of the floor or of the product.
type measure func(context.Context) (float64, error)

// comparison is a row before it is measured.
type comparison struct {
	id               RowID
	name, unit, goal string
	best             bool // of all pairs the best one counts; otherwise the median
	pairs            int  // 0: as the flag says
	floor, product   measure
}

// compare measures floor and product in turn, A B A B; the first pair warms up and is thrown away.
func (b *bench) compare(ctx context.Context, c comparison) (Row, error) {
	row := Row{ID: c.id, Name: c.name, Unit: c.unit, Goal: c.goal, Pairs: c.pairs, By: "ratio of medians"}
	if row.Pairs == 0 {
		row.Pairs = b.pairs
	}
	if c.best {
		row.By = "ratio of best times"
	}
	for i := -1; i < row.Pairs; i++ {
		b.progress.step(c.id, i+1, row.Pairs)
		runtime.GC() // what the one left behind is not the other's to clear away
		floor, err := c.floor(ctx)
		if err != nil {
			return row, fmt.Errorf("floor: %w", err)
		}
		runtime.GC()
		product, err := c.product(ctx)
		if err != nil {
			return row, fmt.Errorf("product: %w", err)
		}
		if i >= 0 {
			row.Raw = append(row.Raw, Pair{Floor: floor, Product: product})
		}
	}
	row.settle(c.best)
	row.Load = loadAverage()
	row.judge()
	return row, nil
}

// settle makes one number of each side: the median, or the best, which for a time is the least and for a speed
// the most.
func (r *Row) settle(best bool) {
	pick := median
	if best {
		pick = slices.Min[[]float64]
		if len(r.Goal) > 0 && r.Goal[0] == '>' {
			pick = slices.Max[[]float64]
		}
	}
	var floors, products []float64
	for _, p := range r.Raw {
		floors, products = append(floors, p.Floor), append(products, p.Product)
	}
	r.Floor, r.Product = pick(floors), pick(products)
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

// quantile is the smallest value that at least the share q of x doesn't exceed.
func quantile(x []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(x))
	i := int(q*float64(len(s))+0.999999) - 1
	return s[min(max(i, 0), len(s)-1)]
}

// slice is how long one timing of a CPU-bound piece lasts: shorter than a scheduler's turn on a busy machine, so that
// some of many slices are undisturbed.
const slice = 8 * time.Millisecond

// timed measures nanoseconds per call of do, over as many calls as fill a slice.
func timed(do func() error) measure {
	n := 0
	return func(ctx context.Context) (float64, error) {
		for n == 0 {
			began := time.Now()
			if err := do(); err != nil {
				return 0, err
			}
			one := time.Since(began)
			again := time.Now()
			if err := do(); err != nil { // the first may have been cold
				return 0, err
			}
			n = int(slice/max(min(one, time.Since(again)), time.Nanosecond)) + 1
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		began := time.Now()
		for range n {
			if err := do(); err != nil {
				return 0, err
			}
		}
		return float64(time.Since(began)) / float64(n), nil
	}
}

// cpuPairs is how many pairs a CPU-bound row takes: slices are short, so many cost little.
func (b *bench) cpuPairs() int { return 15 * b.pairs }
