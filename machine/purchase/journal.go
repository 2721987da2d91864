package purchase

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/machine/folder"
)

// Step is where a purchase stands: what is done and journaled. The next thing to do follows from it.
type Step string

// The steps of a purchase, in their order.
const (
	Started  Step = "started"  // the idempotency key is drawn
	Ordered  Step = "ordered"  // the order stands on the ledger
	Checked  Step = "checked"  // the signed order was verified and its script derived again
	Paid     Step = "paid"     // the wallet sent the payment
	Licensed Step = "licensed" // the ledger settled it and issued a license
	Fetched  Step = "fetched"  // manifest, envelope, sealed body and signed license are stored and verified
	Asked    Step = "asked"    // index defined, session open, grant request ready
	Recorded Step = "recorded" // the ledger recorded the grant
	Armed    Step = "armed"    // both custodians answered; the TPM took limit and halves, and the grant counter rose
	Finished Step = "finished" // the license can be used offline

	Abandoned Step = "abandoned" // the order expired before it was paid: nothing was lost, and nothing goes on
)

// Purchase is the journal of one order of one offer; purchases/<key>.json.
type Purchase struct {
	Format  string         `json:"format"` // "guildmark/purchase/1"
	Key     string         `json:"key"`    // idempotency key of the order
	Offer   string         `json:"offer"`
	AtMost  ledger.Satoshi `json:"atMost,omitempty"`
	Step    Step           `json:"step"`
	Order   *order.Order   `json:"order,omitempty"`
	TxID    string         `json:"txid,omitempty"`
	License string         `json:"license,omitempty"`
	Request *grant.Request `json:"request,omitempty"`
	Number  int            `json:"number,omitempty"` // of the grant

	resumed bool // its bound is from an earlier command
}

// Paid says that the wallet may have sent the payment: from here on the purchase can only go on.
func (p *Purchase) Paid() bool { return p.Step != Started && p.Step != Ordered }

// Ended says that nothing is left to do.
func (p *Purchase) Ended() bool { return p.Step == Finished || p.Step == Abandoned }

// item is what the order buys; orders have one item so far.
func (p *Purchase) item() order.Item { return p.Order.Items[0] }

// All lists the purchases of a state folder by their keys.
func All(f *folder.Folder) ([]Purchase, error) {
	names, err := f.List("purchases")
	if err != nil {
		return nil, err
	}
	var all []Purchase
	for _, name := range names {
		var p Purchase
		if err := f.Load("purchases/"+name, &p); err != nil {
			return nil, err
		}
		p.resumed = true
		all = append(all, p)
	}
	return all, nil
}

// Unfinished finds the purchase of an offer that a crash or a lost network interrupted; nil when there is none.
func Unfinished(f *folder.Folder, offer string) (*Purchase, error) {
	all, err := All(f)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Offer == offer && !p.Ended() {
			return &p, nil
		}
	}
	return nil, nil
}

// save journals that a step is done.
func (b *Buyer) save(p *Purchase, done Step) error {
	p.Step = done
	return b.Machine.Store.Folder.Save("purchases/"+p.Key+".json", p)
}
