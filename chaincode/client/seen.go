package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"
)

// Seen remembers the highest block of each channel that a process knows to be committed. A client raises it
// by the status of its own transactions and by the events and blocks that it follows; clients that share one
// (Config.Seen) read each other's writes (T34). The zero value has seen nothing. It is safe for concurrent
// use.
//
// It does not know of blocks that its process neither wrote nor followed. Another process tells it of one by
// value (Client.Last there, Client.After here), or waits until all peers have it (Client.Everywhere) before
// others begin. With Config.Newest a refused client asks all peers for their height; that needs the right to
// query the chain.
//
// Block numbers are a peer's word. A peer that names too high a number delays refusals, at most by the lag
// limit; it can't make a wrong one count.
type Seen struct {
	mu   sync.Mutex
	last map[string]Checkpoint // by channel
}

func (s *Seen) raise(channel string, at Checkpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[string]Checkpoint{}
	}
	if last := s.last[channel]; at.Block > last.Block || at.Block == last.Block && last.TxID == "" {
		s.last[channel] = at
	}
}

func (s *Seen) at(channel string) Checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[channel]
}

// Last is the highest block that the client knows to be committed, for another process to pass to After. The
// zero value means none yet.
func (c *Client) Last() Checkpoint { return c.seen.at(c.channel) }

// After tells the client of a block that another process, or another partner, saw committed. From then on
// refusals count only from peers that have it. TxID is any transaction of the block; without it the client
// waits for the block by its number, which needs the right to read filtered blocks.
func (c *Client) After(at Checkpoint) { c.seen.raise(c.channel, at) }

// saw notes that a peer has a block.
func (c *Client) saw(n *node, at Checkpoint) {
	c.seen.raise(c.channel, at)
	n.raise(c.channel, at.Block)
}

// level asks every peer for its height and takes the highest as seen. Peers that do not answer are left out.
func (c *Client) level(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.named)
	defer cancel()
	for _, err := range c.everyPeer(func(n *node) error { return c.measure(ctx, n) }) {
		c.log.DebugContext(ctx, "ledger: a peer did not answer with its height", "cause", err)
	}
}

// measure asks one peer for its height.
func (c *Client) measure(ctx context.Context, n *node) error {
	p, err := n.contract(c.channel, "qscc").NewProposal("GetChainInfo", fabric.WithArguments(c.channel),
		fabric.WithEndorsingOrganizations(n.msp))
	if err != nil {
		return fmt.Errorf("make proposal: %w", err)
	}
	raw, err := p.EvaluateWithContext(ctx)
	if err != nil {
		return err
	}
	var info common.BlockchainInfo
	if err := proto.Unmarshal(raw, &info); err != nil {
		return fmt.Errorf("read chain info of %s: %w", n.name, err)
	}
	if info.GetHeight() > 0 {
		c.saw(n, Checkpoint{Block: info.GetHeight() - 1})
	}
	return nil
}

// Everywhere waits until every peer in the connection file has the last block seen. Programs that set
// something up for all partners call it before others begin, which can't know the block.
func (c *Client) Everywhere(ctx context.Context) error {
	mark := c.Last()
	ctx, cancel := context.WithTimeout(ctx, c.limits.lag)
	defer cancel()
	return errors.Join(c.everyPeer(func(n *node) error {
		if err := c.reach(ctx, n, mark); err != nil {
			return fmt.Errorf("%w: %s lacks block %d: %w", ErrBehind, n.name, mark.Block, err)
		}
		return nil
	})...)
}

// everyPeer calls do for all peers at once and gives the failures.
func (c *Client) everyPeer(do func(*node) error) []error {
	failed := make(chan error)
	for _, n := range c.pool.nodes {
		go func() { failed <- do(n) }()
	}
	var errs []error
	for range c.pool.nodes {
		if err := <-failed; err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// reach waits until a peer has a block or ctx ends. The wait is one call that the peer answers when it has
// the block: the status of a transaction, which everybody who may submit may ask for, or the block's event.
func (c *Client) reach(ctx context.Context, n *node, mark Checkpoint) error {
	if n.height(c.channel) >= mark.Block {
		return nil
	}
	wait := c.awaitTransaction
	if mark.TxID == "" {
		wait = c.awaitBlock
	}
	if err := wait(ctx, n, mark); err != nil {
		return err
	}
	n.raise(c.channel, mark.Block) // whatever number it named for the transaction
	return nil
}

func (c *Client) awaitTransaction(ctx context.Context, n *node, mark Checkpoint) error {
	_, err := c.status(ctx, n, mark.TxID)
	return err
}

func (c *Client) awaitBlock(ctx context.Context, n *node, mark Checkpoint) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	blocks, err := n.gw.GetNetwork(c.channel).FilteredBlockEvents(ctx, fabric.WithStartBlock(mark.Block))
	if err != nil {
		return fmt.Errorf("follow blocks: %w", err)
	}
	_, ok := <-blocks
	cancel()
	drain(blocks)
	if !ok {
		return fmt.Errorf("no block %d: %w", mark.Block, context.Cause(ctx))
	}
	return nil
}

// height is the highest block that the peer is known to have.
func (n *node) height(channel string) uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.has[channel]
}

// heights is what is known of all peers now.
func (c *Client) heights() map[*node]uint64 {
	known := make(map[*node]uint64, len(c.pool.nodes))
	for _, n := range c.pool.nodes {
		known[n] = n.height(c.channel)
	}
	return known
}

func (n *node) raise(channel string, block uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.has[channel] = max(n.has[channel], block)
}

// limits are how long the client waits. They are no options, since no program needs others; tests of this
// package shorten them.
type limits struct {
	endorse time.Duration // of the gateway's own plan: it asks its own peer first, then the rest
	named   time.Duration // of named organizations, one of which may hang (T7: 2 to 3 s)
	submit  time.Duration
	commit  time.Duration // for a transaction's status, before the same envelope is sent again
	// for peers that lack a block that was seen: all waits of one call together, 2.5 s (named) each
	lag time.Duration
}

func defaultLimits() limits {
	return limits{
		endorse: 15 * time.Second, named: 2500 * time.Millisecond, submit: 5 * time.Second,
		commit: 5 * time.Second, lag: 8 * time.Second,
	}
}
