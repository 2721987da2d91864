package order

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// SettleRequest is what orders:Settle takes: the order, the final block, and the proof that a transaction of
// this block pays the order.
type SettleRequest struct {
	Order  string     `json:"order"`
	Height spv.Height `json:"height"`
	Block  string     `json:"block"` // hash, as Bitcoin's RPC writes it
	Proof  spv.Proof  `json:"proof"`
}

// Settled is the payload of order.settled: everything that the settling transaction wrote.
type Settled struct {
	Settlement Settlement        `json:"settlement"`
	Payments   []Payment         `json:"payments"` // credited by this transaction
	Licenses   []license.License `json:"licenses"`
	Accruals   []royalty.Accrual `json:"accruals"`
}

// Credited is the payload of payment.credited: payments that did not settle the order, and its state with
// them.
type Credited struct {
	Order    string    `json:"order"`
	Payments []Payment `json:"payments"`
	State    string    `json:"state"`
}

// SettleResult is what orders:Settle returns.
type SettleResult struct {
	Credited []string `json:"credited"` // outpoints
	State    string   `json:"state"`
	Licenses []string `json:"licenses"` // issued by this transaction
}

// Before is what the ledger holds before a proven transaction is credited to an order.
type Before struct {
	Credits  Credits            // of this order
	Recorded map[uint32]Payment // under the transaction's own outputs, by number, whichever order they pay
	Settled  bool
	Epoch    int64
}

// Outcome is what a proven transaction changes: the payments to record, and the settlement when they are the
// ones with which the order is paid for the first time.
type Outcome struct {
	Credited Credited
	Settled  *Settled // nil: this transaction does not settle the order
}

// Settle credits a proven transaction to an order. When all payments cover the price in time and the order
// was not settled before, the licenses are issued and the price is split. txid is the ledger transaction's.
func Settle(o Order, p Proven, before Before, txid string) (Outcome, error) {
	fresh, err := Credit(o, p, before.Recorded, before.Epoch)
	if err != nil {
		return Outcome{}, err
	}
	credits := before.Credits.with(p, fresh)
	out := Outcome{Credited: Credited{Order: o.ID, Payments: fresh, State: StateOf(o, credits, before.Epoch)}}
	if before.Settled || out.Credited.State != Paid {
		return out, nil
	}
	out.Settled, err = settlement(o, p, credits.Payments, before.Epoch, txid)
	if err != nil {
		return Outcome{}, err
	}
	out.Settled.Payments = fresh
	return out, nil
}

// settlement issues the licenses of an order's items and splits their prices among payees (T23). The parts
// sum to the price exactly; partial payments and surplus are never split.
func settlement(o Order, p Proven, payments []Payment, epoch int64, txid string) (*Settled, error) {
	s := &Settled{Settlement: Settlement{
		Order: o.ID, Paid: Sum(payments), Epoch: epoch, Height: p.Height, Block: p.Block, TxID: txid,
	}}
	for i, item := range o.Items {
		l := license.License{
			Format: license.Format, ID: license.ID(o.ID, strconv.Itoa(i)), Order: o.ID, Item: i, Machine: o.Machine,
			Buyer: o.Buyer, Dataset: item.Dataset, Version: item.Version, Manifest: item.Manifest,
			Custodians: item.Custodians, Model: item.Model, Epoch: epoch,
			Terms: license.TermsHash(item.Dataset, item.Version, item.Model),
		}
		s.Licenses = append(s.Licenses, l)
		s.Settlement.Licenses = append(s.Settlement.Licenses, l.ID)
		parts, err := royalty.Split(item.Price, item.Split, royalty.Key(o.ID, i, 0))
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if part.Amount == 0 {
				continue
			}
			s.Accruals = append(s.Accruals, royalty.Accrual{
				Payee: part.Payee, Epoch: epoch, Order: o.ID, Item: i, Role: part.Role, Amount: part.Amount,
				Height: p.Height, Block: p.Block,
			})
		}
	}
	return s, nil
}

// Result is what orders:Settle returns.
func (o Outcome) Result() SettleResult {
	r := SettleResult{State: o.Credited.State, Licenses: []string{}}
	for _, p := range o.Credited.Payments {
		r.Credited = append(r.Credited, ledger.Outpoint(p.TxID, p.Vout))
	}
	if o.Settled != nil {
		r.Licenses = o.Settled.Settlement.Licenses
	}
	return r
}

// Event is the one event that announces the outcome.
func (o Outcome) Event() (name string, payload any) {
	if o.Settled != nil {
		return ledger.EventOrderSettled, *o.Settled
	}
	return ledger.EventPaymentCredited, o.Credited
}
