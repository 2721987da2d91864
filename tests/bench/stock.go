package main

import (
	"context"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
)

// batch is how many orders of each machine are paid at a time, enough how many it must have before a
// measurement: twice what a quiet machine's buyers take in one.
const (
	batch  = 16
	enough = 10
)

// stockUp pays further orders until every machine has enough of them. It is called between measurements.
func (m *market) stockUp(ctx context.Context, b *bench) error {
	for {
		least := enough
		for _, x := range m.boxes {
			least = min(least, len(x.stock))
		}
		if least >= enough {
			return nil
		}
		b.progress.say("market: paying %d orders on regtest", batch*machines)
		if err := m.payBatch(ctx); err != nil {
			return fmt.Errorf("pay orders: %w", err)
		}
	}
}

// payBatch pays the next scripts of all machines in one block, makes it final on the ledger and computes the proofs.
func (m *market) payBatch(ctx context.Context) error {
	const payments = batch * machines / 2 // two orders each
	if len(m.coins) < payments {
		if err := m.fanOut(ctx); err != nil {
			return err
		}
	}
	orders := make([][2]payable, payments) // of machines 2k and 2k+1
	ids := make([]chainhash.Hash, payments)
	coins := m.coins[:payments]
	m.coins = m.coins[payments:]
	err := each(ctx, payments, func(ctx context.Context, i int) error {
		var scripts [2][]byte
		for side := range 2 {
			x := m.boxes[2*(i%(machines/2))+side]
			p := payable{number: x.next + uint32(i/(machines/2))} //nolint:gosec // G115: an index
			c, err := m.descriptor.Derive(x.shard, p.number)
			if err != nil {
				return err
			}
			p.script, scripts[side] = c.Script, c.Script
			orders[i][side] = p
		}
		var err error
		ids[i], err = m.pay(ctx, coins[i], scripts)
		return err
	})
	if err != nil {
		return err
	}
	if err := m.prove(ctx, orders, ids); err != nil {
		return err
	}
	for i, pair := range orders {
		for side, p := range pair {
			x := m.boxes[2*(i%(machines/2))+side]
			x.stock = append(x.stock, p)
			x.next++
		}
	}
	return nil
}

// prove mines the payments, makes their block final and computes each one's proof.
func (m *market) prove(ctx context.Context, orders [][2]payable, ids []chainhash.Hash) error {
	mined, err := m.purse.node.Generate(ctx, 2) // the payments' block and, for the depth of two, one more
	if err != nil {
		return err
	}
	block, err := m.purse.node.Block(ctx, mined[0])
	if err != nil {
		return err
	}
	best, err := m.purse.node.Best(ctx)
	if err != nil {
		return err
	}
	height := best - 1
	if err := m.relay(ctx); err != nil {
		return err
	}
	if err := m.finalize(ctx, height, mined[0]); err != nil {
		return err
	}
	at := map[chainhash.Hash]int{}
	for i, tx := range block.Transactions {
		at[tx.TxHash()] = i
	}
	return each(ctx, len(orders), func(_ context.Context, i int) error {
		index, ok := at[ids[i]]
		if !ok {
			return fmt.Errorf("payment %s was not mined", ids[i])
		}
		proof, err := spv.NewProof(block.Transactions, index)
		if err != nil {
			return err
		}
		for side := range orders[i] {
			orders[i][side].proof, orders[i][side].height, orders[i][side].block = proof, height, mined[0].String()
		}
		return nil
	})
}
