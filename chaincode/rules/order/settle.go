package order

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// SettleRequest is what orders:Settle takes: the order, the final block, and the proof that a transaction of this block
// pays the order.
type SettleRequest struct {
	Order  string     `json:"order"`
	Height spv.Height `json:"height"`
	Block  string     `json:"block"` // hash, as Bitcoin's RPC writes it
	Proof  spv.Proof  `json:"proof"`
}

// Output is what a transaction paid to an order's script by one output.
type Output struct {
	Vout   uint32
	Amount ledger.Satoshi
}

// Proven is a transaction in a final block, and what it paid.
type Proven struct {
	TxID    string
	Outputs []Output
	Height  uint32
	Block   string
}

// Settled is the payload of order.settled: everything that one transaction booked.
type Settled struct {
	Settlement Settlement        `json:"settlement"`
	Payments   []Payment         `json:"payments"` // credited by this transaction
	Licenses   []license.License `json:"licenses"`
	Accruals   []royalty.Accrual `json:"accruals"`
}

// Credited is the payload of payment.credited.
type Credited struct {
	Order    string    `json:"order"`
	Payments []Payment `json:"payments"`
	State    string    `json:"state"`
}

// SettleResult is what orders:Settle answers.
type SettleResult struct {
	Credited []string `json:"credited"` // outpoints
	State    string   `json:"state"`
	Licenses []string `json:"licenses"`
}

// Dust is the least output that is credited: what Bitcoin's nodes relay to a P2WSH script (330 sat, Bitcoin Core's
// policy). Smaller ones cost their maker nothing, and everybody who settles, grants or signs the order reads each.
const Dust ledger.Satoshi = 330

// Credit turns a proven transaction's outputs into payments of the order. known are the payments recorded under the
// same outpoints; what is known or dust is passed over, and nothing new is a refusal.
func Credit(o Order, p Proven, known map[uint32]Payment, epoch int64) ([]Payment, error) {
	if len(p.Outputs) == 0 {
		return nil, ErrOtherScript.With(p.TxID)
	}
	var fresh []Payment
	dust := false
	for _, out := range p.Outputs {
		if out.Amount < Dust {
			dust = true
			continue
		}
		if before, ok := known[out.Vout]; ok {
			if before.Order != o.ID {
				return nil, ErrForeignPay.With(before.Order)
			}
			continue
		}
		fresh = append(fresh, Payment{
			TxID: p.TxID, Vout: out.Vout, Order: o.ID, Amount: out.Amount, Height: p.Height, Block: p.Block, Epoch: epoch,
		})
	}
	if len(fresh) == 0 && dust && len(known) == 0 {
		return nil, ErrDust.With(p.TxID)
	}
	if len(fresh) == 0 {
		return nil, ErrKnown.With(p.TxID)
	}
	return fresh, nil
}

// Settle books an order that its payments cover: the licenses of its items and what each payee is owed (T23). The
// parts sum to the price exactly; partial payments and surplus are never split. txid is the Fabric transaction's.
func Settle(o Order, payments []Payment, p Proven, epoch int64, txid string) (Settled, error) {
	s := Settled{Settlement: Settlement{
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
			return Settled{}, err
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
