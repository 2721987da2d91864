package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/rules/license"
)

// Synced says what Sync did.
type Synced struct {
	Finished  []string `json:"finished"`  // licenses whose purchase was interrupted and is finished now
	Delivered int      `json:"delivered"` // receipts
	Renewed   []string `json:"renewed"`   // licenses with a fresh signed answer, hence a fresh lease
}

// Sync does what waits for the network: finish interrupted purchases, deliver receipts, renew signed licenses. It does
// each even when another fails, and returns all errors.
func (a *Agent) Sync(ctx context.Context) (s Synced, err error) {
	s = Synced{Finished: []string{}, Renewed: []string{}}
	d, err := a.open(ctx)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	purchases, err := purchasesIn(a.store)
	if err != nil {
		return s, err
	}
	var failed []error
	for _, p := range purchases {
		if p.ended() {
			continue
		}
		if err := d.finish(ctx, &p); err != nil {
			failed = append(failed, err)
			continue
		}
		s.Finished = append(s.Finished, p.License)
	}
	held, err := a.Licenses()
	if err != nil {
		return s, errors.Join(append(failed, err)...)
	}
	for _, h := range held {
		n, err := d.deliver(ctx, h)
		s.Delivered += n
		if err == nil && !h.Spent {
			err = d.renew(ctx, h)
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		s.Renewed = append(s.Renewed, h.License.ID)
	}
	return s, errors.Join(failed...)
}

// deliver sends the receipts of a license in the order of their counts. One that the ledger has already counts as
// delivered: the answer to the first time was lost.
func (d *desk) deliver(ctx context.Context, h Holding) (int, error) {
	waiting, err := d.waiting(h)
	if err != nil {
		return 0, err
	}
	for sent, name := range waiting {
		var kept receiptFile
		if err := d.store.Load(name, &kept); err != nil {
			return sent, err
		}
		var recorded license.Receipt
		err := d.gateway.call(ctx, "POST", "/v1/licenses/"+h.License.ID+"/receipts", kept.Request, &recorded)
		if err != nil && !errors.Is(err, license.ErrReceiptKnown) {
			return sent, err
		}
		kept.Delivered = true
		if err := d.store.Save(name, kept); err != nil {
			return sent, err
		}
		d.say("receipt", fmt.Sprintf("delivered use %d of %d", kept.Count, kept.Limit))
	}
	return len(waiting), nil
}

// renew stores a fresh signed answer for a license.
func (d *desk) renew(ctx context.Context, h Holding) error {
	manifest, err := d.store.Read(holdingFile(h.License.ID, "manifest.json"))
	if err != nil {
		return err
	}
	_, err = d.fetchLicense(ctx, h.License.ID, manifest)
	return err
}
