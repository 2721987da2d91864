package orders

import (
	"encoding/hex"

	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Settle credits a proven transaction's outputs to the order whose script they pay. When the payments cover
// the price for the first time, the licenses are issued and the price is split among the payees in this same
// transaction of the ledger.
func Settle(t *state.Transaction, r order.SettleRequest) (order.SettleResult, error) {
	s := settling{t: t, request: r}
	for _, step := range []func(*settling) error{
		(*settling).findOrder,
		(*settling).provePayment,
		(*settling).readBooks,
		(*settling).judge,
		(*settling).record,
		(*settling).announce,
	} {
		if err := step(&s); err != nil {
			return order.SettleResult{}, err
		}
	}
	return s.outcome.Result(), nil
}

// settling is the state of one settlement; each step fills one field.
type settling struct {
	t       *state.Transaction
	request order.SettleRequest
	order   order.Order
	proven  order.Proven  // the transaction, and what it pays to the order's script
	before  order.Before  // what the ledger holds before this transaction
	outcome order.Outcome // what this transaction changes
}

func (s *settling) findOrder() (err error) {
	s.order, err = s.t.Order(s.request.Order)
	return err
}

// provePayment shows that the transaction is in the final block that the request names, and reads what it
// pays to the order's script (T21, T22). That may be nothing: the rule order.Settle refuses it.
func (s *settling) provePayment() error {
	hash, err := spv.ParseHash(s.request.Block)
	if err != nil {
		return err
	}
	tx, err := spv.ProveFinal(s.t.Chain(), spv.Block{Height: s.request.Height, Hash: hash}, &s.request.Proof)
	if err != nil {
		return err
	}
	script, err := hex.DecodeString(s.order.Script)
	if err != nil {
		return order.ErrRequest.With("script")
	}
	s.proven = order.Proven{TxID: tx.ID.String(), Height: uint32(s.request.Height), Block: s.request.Block}
	for _, out := range payment.OutputsTo(tx.Msg, script) {
		s.proven.Outputs = append(s.proven.Outputs, order.Output(out))
	}
	return nil
}

func (s *settling) readBooks() (err error) {
	if s.before.Epoch, err = s.t.Epoch(); err != nil {
		return err
	}
	if s.before.Recorded, err = s.t.Recorded(s.proven); err != nil {
		return err
	}
	if s.before.Credits, err = s.t.Credits(s.order.ID); err != nil {
		return err
	}
	_, s.before.Settled, err = s.t.FindSettlement(s.order.ID)
	return err
}

func (s *settling) judge() (err error) {
	s.outcome, err = order.Settle(s.order, s.proven, s.before, s.t.ID())
	return err
}

// record stores the new payments and, with the first full payment, the settlement with its licenses and
// accruals.
func (s *settling) record() error {
	if err := s.t.PutPayments(s.outcome.Credited.Payments); err != nil {
		return err
	}
	if s.outcome.Settled == nil {
		return nil
	}
	return s.t.PutSettled(*s.outcome.Settled)
}

func (s *settling) announce() error { return s.t.Event(s.outcome.Event()) }
