package oracle

import (
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// indexed lists a block's payments by output script. It is kept as long as the cursor remembers the block,
// since the event of an order may arrive after the block that pays it.
type indexed struct {
	block   spv.Block
	time    int64            // Unix seconds, as the miner wrote it
	outputs map[string][]int // places of the transactions that pay an output script; no ids, which cost a hash each
}

func index(at spv.Block, block *wire.MsgBlock) indexed {
	p := indexed{
		block: at, time: block.Header.Timestamp.Unix(),
		outputs: make(map[string][]int, 2*len(block.Transactions)),
	}
	for i, tx := range block.Transactions {
		if i == 0 {
			continue // a coinbase is no payment
		}
		for _, out := range tx.TxOut {
			script := string(out.PkScript)
			if list := p.outputs[script]; len(list) == 0 || list[len(list)-1] != i {
				p.outputs[script] = append(list, i)
			}
		}
	}
	return p
}

// candidates opens a candidate for each transaction of a block that pays an order's script.
func (o *Oracle) candidates(p indexed, script, order string) {
	for _, i := range p.outputs[script] {
		c := candidate{order: order, index: i, block: p.block}
		if _, known := o.open[c]; !known {
			o.open[c] = true
			o.config.Log.Info("oracle: payment found", "order", order, "height", p.block.Height, "place", i)
		}
	}
}

// takeEvents processes the events that arrived since the last round. An event leaves the queue only when it was
// processed, so that none is lost while the node does not answer.
func (o *Oracle) takeEvents(ctx context.Context) error {
	for {
		for len(o.queue) > 0 {
			if err := o.takeEvent(ctx, o.queue[0]); err != nil {
				return err
			}
			o.queue = o.queue[1:]
		}
		select {
		case e := <-o.learned:
			o.queue = append(o.queue, e)
		default:
			return nil
		}
	}
}

// takeEvent processes one event. It searches the remembered blocks for a new order's script. If the order is
// older than these blocks, the cursor is put back first; only then is the script stored as watched.
func (o *Oracle) takeEvent(ctx context.Context, e client.Event) error {
	placed, isNew, err := o.watch.placed(e)
	if err != nil {
		return err
	}
	if isNew {
		if err := o.reach(ctx, placed.Created*o.epoch-o.slack()); err != nil {
			return fmt.Errorf("put the cursor back before order %s: %w", placed.ID, err)
		}
	}
	script, err := o.watch.take(e)
	if err != nil || script == "" {
		return err
	}
	for _, p := range o.recent {
		o.candidates(p, script, o.watch.scripts[script])
	}
	return nil
}

// slack is how many seconds before the moment of its mining a block's time may lie: a little over the two
// hours that Bitcoin tolerates. Where the partners' own nodes mine it covers only the skew of their clocks.
func (o *Oracle) slack() int64 {
	if spv.FreeWork(o.chain.Network) {
		return 60
	}
	return 3 * 60 * 60
}

// reach puts the cursor back until it remembers a block from before a moment, or the chain's trusted start. This is
// needed at the first start, and after the ledger's events were away for so long that the cursor ran ahead of them.
func (o *Oracle) reach(ctx context.Context, moment int64) error {
	at := o.recent[0].block
	if o.recent[0].time < moment || at.Height <= o.start.Height {
		return nil
	}
	for before := o.recent[0].time; before >= moment && at.Height > o.start.Height; {
		at.Height--
		hash, ok, err := o.config.Node.HashAt(ctx, at.Height)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%w: height %d", errBehind, at.Height)
		}
		block, err := o.config.Node.Block(ctx, hash)
		if err != nil {
			return err
		}
		at.Hash, before = hash, block.Header.Timestamp.Unix()
	}
	o.config.Log.InfoContext(ctx, "oracle: reading the chain again", "from", at.Height)
	if err := o.cursor.Rewind(at); err != nil {
		return err
	}
	o.recent = nil
	return o.recall(ctx)
}

// errBehind means that the node lacks a block that it had before: it is still fetching the chain, or was made anew.
var errBehind = errors.New("the Bitcoin node lacks a block that it had before; wait until it has fetched the chain")

// recall reads the blocks that the cursor remembers once after a start. Payments that were found in them and
// not settled before a crash are found again; those that were settled are refused by the ledger as known.
func (o *Oracle) recall(ctx context.Context) error {
	if len(o.recent) > 0 {
		return nil
	}
	var blocks []indexed
	for _, at := range o.cursor.Behind() {
		hash, ok, err := o.config.Node.HashAt(ctx, at.Height)
		if err != nil {
			return fmt.Errorf("read a remembered block: %w", err)
		}
		if !ok {
			return fmt.Errorf("read a remembered block: %w: height %d", errBehind, at.Height)
		}
		if hash != at.Hash {
			blocks = append(blocks, indexed{block: at}) // left the chain: the cursor undoes it next
			continue
		}
		block, err := o.config.Node.Block(ctx, at.Hash)
		if err != nil {
			return fmt.Errorf("read a remembered block: %w", err)
		}
		blocks = append(blocks, index(at, block))
	}
	o.recent = blocks
	for _, p := range blocks {
		o.scan(p)
	}
	return nil
}

// scan opens candidates for every watched script that a block pays.
func (o *Oracle) scan(p indexed) {
	for script := range p.outputs {
		if order, ok := o.watch.scripts[script]; ok {
			o.candidates(p, script, order)
		}
	}
}

// patience is how many blocks the cursor goes ahead of an open candidate: fewer than it remembers, so that a
// restart finds the candidate again.
const patience = 100

// follow moves the cursor to the end of the node's chain.
func (o *Oracle) follow(ctx context.Context) error {
	for {
		m, ok, err := o.cursor.Next(ctx, o.config.Node)
		if err != nil {
			return fmt.Errorf("follow the chain: %w", err)
		}
		if !ok || !m.Undo && m.At.Height-o.settledUpTo() > patience {
			return nil
		}
		o.cursor.Make(m)
		if m.Undo {
			o.undo(m.At)
			continue
		}
		p := index(m.At, m.Block)
		o.recent = append(o.recent, p)
		if keep := len(o.cursor.Behind()); len(o.recent) > keep {
			o.recent = append([]indexed(nil), o.recent[len(o.recent)-keep:]...)
		}
		o.scan(p)
	}
}

// undo forgets a block that left the chain, and what was found in it.
func (o *Oracle) undo(b spv.Block) {
	o.config.Log.Info("oracle: block left the chain", "height", b.Height, "hash", b.Hash.String())
	o.recent = o.recent[:len(o.recent)-1]
	for c := range o.open {
		if c.block == b {
			delete(o.open, c)
		}
	}
}

// forget drops settled candidates whose blocks the cursor no longer remembers.
func (o *Oracle) forget() {
	oldest := o.cursor.Behind()[0].Height
	for c, open := range o.open {
		if !open && c.block.Height < oldest {
			delete(o.open, c)
		}
	}
}

// settledUpTo is the height up to which nothing is open: what a restart need not read again, but for what the
// cursor's memory holds anyway.
func (o *Oracle) settledUpTo() spv.Height {
	upTo := o.cursor.At().Height
	for c, open := range o.open {
		if open && c.block.Height <= upTo {
			upTo = c.block.Height - 1
		}
	}
	return upTo
}
