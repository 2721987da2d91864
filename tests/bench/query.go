package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/guildmark/guildmark/chaincode/client"
)

// asking is how many clients ask at once.
const asking = 16

// nonce is what signed answers are asked with.
const nonce = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// issued gives a license of the market; it buys one if none is there.
func (b *bench) issued(ctx context.Context) (*market, []string, error) {
	m, err := b.trade(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(m.made) == 0 {
		return nil, nil, errors.New("no license was made")
	}
	return m, m.made, nil
}

// queries is row 5, against two floors: the floor chaincode's no-op, which reads nothing, and the product's own.
func queries(ctx context.Context, b *bench) ([]Row, error) {
	m, licenses, err := b.issued(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := m.net.as("operator", "reader")
	if err != nil {
		return nil, err
	}
	below, err := m.net.below("operator", "reader")
	if err != nil {
		return nil, err
	}
	one, err := reader.Evaluate(ctx, "licenses:Get", licenses[0])
	if err != nil {
		return nil, err
	}
	ask := func(c *client.Client, function string, args func(i int64) []string) measure {
		var n atomic.Int64
		return m.net.beating(func(ctx context.Context) (float64, error) {
			return steady(ctx, asking, askingFor, func(ctx context.Context, _ int, done func()) error {
				_, err := c.Evaluate(ctx, function, args(n.Add(1))...)
				if err == nil {
					done()
				}
				return err
			})
		})
	}
	get := func(i int64) []string { return []string{licenses[int(i)%len(licenses)]} }
	var rows []Row
	for _, c := range []comparison{
		{
			id: "5", name: fmt.Sprintf("license query ÷ no-op, both answering %d bytes", len(one)),
			floor: ask(below, "Noop", func(int64) []string {
				return []string{
					licenses[0],
					strconv.Itoa(len(one)),
				}
			}),
			product: ask(reader, "licenses:Get", get),
		},
		{
			id: "5-governance", name: "license query ÷ governance:Noop",
			floor:   ask(reader, "governance:Noop", func(int64) []string { return []string{nonce} }),
			product: ask(reader, "licenses:Get", get),
		},
	} {
		c.unit, c.goal = "evaluate/s", ">=0.85"
		row, err := b.compare(ctx, c)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// issues is how many signed answers one measurement of CPU time asks for.
const issues = 150

// signing is row 7, against two floors as row 5.
func signing(ctx context.Context, b *bench) ([]Row, error) {
	m, licenses, err := b.issued(ctx)
	if err != nil {
		return nil, err
	}
	reader, err := m.net.as("operator", "reader")
	if err != nil {
		return nil, err
	}
	below, err := m.net.below("operator", "reader")
	if err != nil {
		return nil, err
	}
	plan := client.Exactly("LicensorsMSP", "OperatorMSP")
	file, err := reader.Sign(ctx, plan, "licenses:Sign", licenses[0], nonce)
	if err != nil {
		return nil, err
	}
	sign := func(c *client.Client, function string, args ...string) measure {
		return m.net.beating(func(ctx context.Context) (float64, error) {
			return m.net.cpu(ctx, issues, func(ctx context.Context) error {
				_, err := c.Sign(ctx, plan, function, args...)
				return err
			})
		})
	}
	product := sign(reader, "licenses:Sign", licenses[0], nonce)
	var rows []Row
	for _, c := range []comparison{
		{
			id: "7", name: "signed license: server CPU ÷ of a 2-org endorsement of a no-op",
			floor: sign(below, "Noop", licenses[0], strconv.Itoa(len(file.Payload))), product: product,
		},
		{
			id: "7-governance", name: "signed license: server CPU ÷ of a 2-org endorsement of governance:Noop",
			floor: sign(reader, "governance:Noop", nonce), product: product,
		},
	} {
		c.unit, c.goal = "CPU-ms", "<=1.10"
		row, err := b.compare(ctx, c)
		if err != nil {
			return rows, err
		}
		row.Notes = []string{fmt.Sprintf("CPU time by /proc/<pid>/stat of all peers and chaincodes, what "+
			"they do by themselves included on both sides, "+
			"the client's not; the no-op reads nothing and answers as many bytes (%d), governance:Noop reads "+
			"what every signed answer names", len(file.Payload))}
		rows = append(rows, row)
	}
	return rows, nil
}

// cpu is the CPU time in milliseconds that peers and chaincodes took for one of n calls.
func (n *network) cpu(ctx context.Context, calls int, do func(context.Context) error) (float64, error) {
	before, err := n.ticks(ctx)
	if err != nil {
		return 0, err
	}
	const at = 4 // as many at once as keep two cores busy
	if err := spread(ctx, calls, at, do); err != nil {
		return 0, err
	}
	after, err := n.ticks(ctx)
	if err != nil {
		return 0, err
	}
	const tick = 10.0 // milliseconds: USER_HZ is 100 on Linux (proc_pid_stat(5))
	return float64(after-before) * tick / float64(calls), nil
}

// spread makes n calls, some at a time.
func spread(ctx context.Context, n, at int, do func(context.Context) error) error {
	var next atomic.Int64
	return each(ctx, at, func(ctx context.Context, _ int) error {
		for next.Add(1) <= int64(n) {
			if err := do(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// ticks adds up user and system time of all peers and chaincodes.
func (n *network) ticks(ctx context.Context) (int64, error) {
	list, err := n.made.Control().List(ctx)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, p := range list {
		if p.Class != "peer" && !strings.HasPrefix(p.Class, "chaincode") {
			continue
		}
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
		if err != nil {
			return 0, err
		}
		_, rest, _ := strings.Cut(string(raw), ") ") // fields from the third on
		fields := strings.Fields(rest)
		for _, i := range []int{11, 12} { // utime, stime
			t, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				return 0, err
			}
			sum += t
		}
	}
	return sum, nil
}
