package oracle

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// atOnce is how many proofs are submitted at a time. They write different keys, so that one block can hold
// them all.
const atOnce = 8

// settle takes the next step for every open candidate: it attests the block where an attestation is missing,
// and submits the proof where the block is final.
func (o *Oracle) settle(ctx context.Context) error {
	var ready []candidate
	final := map[spv.Block]bool{}
	for _, c := range o.pending() {
		yes, asked := final[c.block]
		if !asked {
			var err error
			if yes, err = o.final(ctx, c.block); err != nil {
				return err
			}
			final[c.block] = yes
		}
		if yes {
			ready = append(ready, c)
		}
	}
	return o.prove(ctx, ready)
}

// pending are the open candidates, oldest first.
func (o *Oracle) pending() []candidate {
	var list []candidate
	for c, open := range o.open {
		if open {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.block.Height, b.block.Height), cmp.Compare(a.index, b.index),
			cmp.Compare(a.order, b.order),
			bytes.Compare(a.block.Hash[:], b.block.Hash[:]))
	})
	return list
}

// final reads whether a block is final on the ledger, and attests it when only attestations are missing.
func (o *Oracle) final(ctx context.Context, b spv.Block) (bool, error) {
	var f spv.FinalView
	if err := o.evaluate(ctx, &f, "bitcoin:Final", decimal(b.Height)); err != nil {
		return false, err
	}
	if f.Hash != "" {
		if f.Hash != b.Hash.String() {
			o.config.Log.ErrorContext(ctx,
				"oracle: the ledger's final block differs from the node's; compare this node with others",
				"height", b.Height, "ledger", f.Hash, "node", b.Hash.String())
		}
		return f.Hash == b.Hash.String(), nil
	}
	if o.chain.Attestations == 0 || slices.Contains(f.Attested, o.config.MSP) {
		return false, nil
	}
	best, err := o.config.Node.Best(ctx)
	if err != nil || int(best)-int(b.Height)+1 < o.chain.FinalDepth {
		return false, err
	}
	return o.attest(ctx, b)
}

// attest records on the ledger that this partner's own node has the block on its active chain. It reports
// whether the block became final by that.
func (o *Oracle) attest(ctx context.Context, b spv.Block) (bool, error) {
	hash, ok, err := o.config.Node.HashAt(ctx, b.Height)
	if err != nil || !ok || hash != b.Hash {
		return false, err // never attest what the node doesn't have now
	}
	doc, err := o.config.Ledger.Submit(ctx, "bitcoin:Attest", decimal(b.Height), b.Hash.String())
	if r := refusal(err); r != nil && r.Kind != ledger.Forbidden {
		o.config.Log.InfoContext(ctx, "oracle: the ledger does not take the attestation yet", "height",
			b.Height, "code", r.Code)
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("attest height %d: %w", b.Height, err)
	}
	o.config.Log.InfoContext(ctx, "oracle: attested", "height", b.Height, "result", doc)
	var f spv.FinalView
	err = o.evaluate(ctx, &f, "bitcoin:Final", decimal(b.Height))
	return f.Hash == b.Hash.String(), err
}

// prove submits the proofs of candidates whose blocks are final, several at a time.
func (o *Oracle) prove(ctx context.Context, ready []candidate) error {
	type outcome struct {
		candidate candidate
		done      bool
		err       error
	}
	outcomes := make(chan outcome, len(ready))
	slots := make(chan struct{}, atOnce)
	var work sync.WaitGroup
	for _, c := range ready {
		slots <- struct{}{}
		work.Go(func() {
			done, err := o.proveOne(ctx, c)
			<-slots
			outcomes <- outcome{c, done, err}
		})
	}
	work.Wait()
	close(outcomes)
	var failed []error
	for out := range outcomes {
		if out.done {
			o.open[out.candidate] = false // kept, so that it isn't opened twice
		}
		failed = append(failed, out.err)
	}
	return errors.Join(failed...)
}

// proveOne submits one proof. done means that nothing is left to do for the candidate.
func (o *Oracle) proveOne(ctx context.Context, c candidate) (done bool, err error) {
	block, err := o.config.Node.Block(ctx, c.block.Hash)
	if err != nil {
		return false, fmt.Errorf("read the block that pays order %s: %w", c.order, err)
	}
	proof, err := spv.NewProof(block.Transactions, c.index)
	if err != nil {
		return false, fmt.Errorf("prove a payment of order %s: %w", c.order, err)
	}
	txid := block.Transactions[c.index].TxHash()
	doc := ledger.Encode(order.SettleRequest{
		Order: c.order, Height: c.block.Height,
		Block: c.block.Hash.String(), Proof: *proof,
	})
	_, err = o.config.Ledger.Submit(ctx, "orders:Settle", string(doc))
	switch r := refusal(err); {
	case err == nil, errors.Is(err, order.ErrKnown):
		o.config.Log.InfoContext(ctx, "oracle: payment proven", "order", c.order, "txid", txid.String(),
			"known", err != nil)
		return true, nil
	case r != nil && (r.Kind == ledger.Invalid || errors.Is(err, order.ErrForeignPay)):
		o.config.Log.ErrorContext(ctx, "oracle: the ledger refused this payment for good", "order", c.order,
			"txid", txid.String(), "code", r.Code)
		return true, nil
	case r != nil && r.Kind != ledger.Forbidden:
		o.config.Log.WarnContext(ctx, "oracle: the ledger does not take the payment yet", "order", c.order,
			"txid", txid.String(), "code", r.Code)
		return false, nil
	}
	return false, fmt.Errorf("submit the proof of transaction %s: %w", txid, err)
}
