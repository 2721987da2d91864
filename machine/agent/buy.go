package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/holding"
)

// Buy gets a license of the offer that can be used offline: open the TPM -> begin or take up the purchase -> finish it,
// step by step (see [purchase.Buyer.Finish]). An interrupted purchase of the same offer goes on where its journal says;
// atMost bounds the price of a new one, 0 = any.
func (a *Agent) Buy(ctx context.Context, offer string, atMost ledger.Satoshi) (h holding.Holding, err error) {
	if err := ledger.CheckID(offer); err != nil {
		return h, err
	}
	s, err := a.open(ctx)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	b := a.buyer(s)
	p, err := b.Begin(offer, atMost)
	if err != nil {
		return h, err
	}
	if err := b.Finish(ctx, p); err != nil {
		return h, err
	}
	return s.machine.Store.Find(p.License)
}
