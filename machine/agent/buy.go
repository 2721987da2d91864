package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/purchase"
)

// Buy gets a license of the offer that can be used offline: open the TPM -> find the offer -> begin or take
// up the purchase -> finish it, step by step (see [purchase.Buyer.Finish]). The offer's id may be shortened
// to a beginning that is its own. An interrupted purchase of the same offer goes on where its journal says;
// atMost bounds the price, 0 = any.
func (a *Agent) Buy(ctx context.Context, offer string, atMost ledger.Satoshi) (h holding.Holding, err error) {
	if err := purchase.CheckOffer(offer); err != nil {
		return h, err
	}
	s, err := a.open(ctx)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	b := a.buyer(s)
	if offer, err = b.FindOffer(ctx, offer); err != nil {
		return h, err
	}
	p, err := b.Begin(offer, atMost)
	if err != nil {
		return h, err
	}
	if err := b.Finish(ctx, p); err != nil {
		return h, err
	}
	return s.machine.Store.Find(p.License)
}
