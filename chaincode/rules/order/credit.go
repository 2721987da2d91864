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

// Credits are the payments of an order, and for the height of each the hash of the final block, "" if
// there is none.
type Credits struct {
	Payments []Payment
	Final    map[uint32]string
}

// with are the credits with a proven transaction's payments added. Its block is final: spv.ProveFinal
// checked it.
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
// earlier calls recorded for the same outputs, by number; these and dust are skipped. If nothing is left, the
// result is a refusal: ErrKnown or ErrDust.
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
			TxID: p.TxID, Vout: out.Vout, Order: o.ID, Amount: out.Amount, Height: p.Height, Block: p.Block,
			Epoch: epoch,
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
