package client

import (
	"context"
	"fmt"
	"iter"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"
)

// Event is the event that a valid transaction set.
type Event struct {
	Block   uint64
	TxID    string
	Name    string // order.placed, ...
	Payload []byte
}

// Checkpoint is a place in a channel's chain: a block and a transaction in it. Of a follower it is the last
// transaction that it has taken in ("" = none of that block yet). The zero value is the beginning.
type Checkpoint struct {
	Block uint64
	TxID  string
}

// Events yields the chaincode's events after a checkpoint in order, from another peer when one fails. A
// follower keeps Checkpoint{e.Block, e.TxID} of the last one that it took in. The sequence ends with ctx,
// whose error it yields last.
func (c *Client) Events(ctx context.Context, from Checkpoint) iter.Seq2[Event, error] {
	open := func(ctx context.Context, n *node) (<-chan *fabric.ChaincodeEvent, error) {
		return n.gw.GetNetwork(c.channel).ChaincodeEvents(ctx, c.chaincode, fabric.WithStartBlock(from.Block))
	}
	return func(yield func(Event, error) bool) {
		skip := from.TxID // of from.Block: taken in already, with all before it
		follow(ctx, c, open, func(n *node, e *fabric.ChaincodeEvent) bool {
			c.saw(n, Checkpoint{Block: e.BlockNumber, TxID: e.TransactionID})
			if skip != "" && e.BlockNumber == from.Block {
				if e.TransactionID == skip {
					skip = ""
				}
				return true
			}
			from, skip = Checkpoint{Block: e.BlockNumber, TxID: e.TransactionID}, ""
			return yield(Event{
				Block: e.BlockNumber, TxID: e.TransactionID, Name: e.EventName,
				Payload: e.Payload,
			}, nil)
		}, func() { skip = from.TxID }, func(err error) { yield(Event{}, err) })
	}
}

// Blocks yields whole blocks from a number on, as peers store them. The sequence ends with ctx, whose error
// it yields last.
func (c *Client) Blocks(ctx context.Context, start uint64) iter.Seq2[*common.Block, error] {
	open := func(ctx context.Context, n *node) (<-chan *common.Block, error) {
		return n.gw.GetNetwork(c.channel).BlockEvents(ctx, fabric.WithStartBlock(start))
	}
	return func(yield func(*common.Block, error) bool) {
		follow(ctx, c, open, func(n *node, b *common.Block) bool {
			c.saw(n, Checkpoint{Block: b.GetHeader().GetNumber()})
			start = b.GetHeader().GetNumber() + 1
			return yield(b, nil)
		}, func() {}, func(err error) { yield(nil, err) })
	}
}

// follow reads a stream and opens it again at another peer whenever it ends, until ctx ends or take returns
// false.
func follow[T any](ctx context.Context, c *Client, open func(context.Context, *node) (<-chan T, error),
	take func(*node, T) bool, again func(), end func(error),
) {
	for failures := 0; ctx.Err() == nil; failures++ {
		n := c.pool.current()
		inner, cancel := context.WithCancel(ctx)
		stream, err := open(inner, n)
		if err != nil {
			cancel()
		} else {
			for item := range stream {
				failures = 0
				if !take(n, item) {
					cancel()
					drain(stream)
					return
				}
			}
			cancel()
		}
		again()
		c.pool.leave(n)
		c.log.DebugContext(ctx, "ledger: following another peer", "left", n.name)
		if pause(ctx, Elsewhere, failures) != nil {
			break
		}
	}
	end(ctx.Err())
}

// drain empties a stream, so that the SDK's goroutine, which sends without looking at its context, can end.
func drain[T any](stream <-chan T) {
	for range stream {
	}
}

// Height is the number of blocks that a peer holds.
func (c *Client) Height(ctx context.Context) (uint64, error) {
	raw, err := c.evaluate(ctx, "qscc", "GetChainInfo", []string{c.channel})
	if err != nil {
		return 0, err
	}
	var info common.BlockchainInfo
	if err := proto.Unmarshal(raw, &info); err != nil {
		return 0, fmt.Errorf("read chain info: %w", err)
	}
	return info.GetHeight(), nil
}
