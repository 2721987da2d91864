package order

import (
	"maps"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Output is what a transaction paid to an order's script by one output.
type Output struct {
	Vout   uint32
	Amount ledger.Satoshi
}

// Proven is a transaction in a final block, and what it paid to an order's script.
type Proven struct {
	TxID    string
	Outputs []Output
	Height  uint32
	Block   string
}

// Credits are the payments of an order, and the final block's hash at the height of each ("" for none).
type Credits struct {
	Payments []Payment
	Final    map[uint32]string
}

// with are the credits after a proven transaction's payments were added. Its block is final, or it would not
// be proven.
func (c Credits) with(p Proven, fresh []Payment) Credits {
	final := maps.Clone(c.Final)
	if final == nil {
		final = map[uint32]string{}
	}
	final[p.Height] = p.Block
	return Credits{Payments: slices.Concat(c.Payments, fresh), Final: final}
}

// Disputed reports whether the block of a payment is no longer the final one of its height.
func (c Credits) Disputed() bool {
	return slices.ContainsFunc(c.Payments, func(p Payment) bool { return c.Final[p.Height] != p.Block })
}

// CheckUndisputed refuses an order of which a payment is disputed.
func (c Credits) CheckUndisputed(order string) error {
	if c.Disputed() {
		return ErrDisputed.With(order)
	}
	return nil
}

// Dust is the least output that is credited: what Bitcoin's nodes relay to a P2WSH script (330 sat, Bitcoin
// Core's policy). Smaller ones cost their maker nothing, and everybody who settles, grants or signs the order
// reads each.
const Dust ledger.Satoshi = 330

// Credit turns a proven transaction's outputs into payments of the order. recorded are the payments that
// stand under the same outputs already, by number; these and dust are passed over. Nothing new is a refusal.
func Credit(o Order, p Proven, recorded map[uint32]Payment, epoch int64) ([]Payment, error) {
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
		if before, ok := recorded[out.Vout]; ok {
			if before.Order != o.ID {
				return nil, ErrForeignPay.With(before.Order)
			}
			continue
		}
		fresh = append(fresh, Payment{
			TxID: p.TxID, Vout: out.Vout, Order: o.ID, Amount: out.Amount, Height: p.Height, Block: p.Block, Epoch: epoch,
		})
	}
	if len(fresh) == 0 && dust && len(recorded) == 0 {
		return nil, ErrDust.With(p.TxID)
	}
	if len(fresh) == 0 {
		return nil, ErrKnown.With(p.TxID)
	}
	return fresh, nil
}
