package contract

import (
	"encoding/hex"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Settle credits a proven transaction's outputs to the order whose script they pay. When their sum covers the price
// for the first time, license and accruals are booked in this same transaction.
func (c *Orders) Settle(t *Transaction, document string) (string, error) {
	return answer(c.settle(t, document))
}

func (c *Orders) settle(t *Transaction, document string) (order.SettleResult, error) {
	none := order.SettleResult{}
	var r order.SettleRequest
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return none, err
	}
	o, err := loadOrder(t, r.Order)
	if err != nil {
		return none, err
	}
	proven, err := prove(t, r, o.Script)
	if err != nil {
		return none, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return none, err
	}
	known, err := recorded(t, proven)
	if err != nil {
		return none, err
	}
	fresh, err := order.Credit(o, proven, known, epoch)
	if err != nil {
		return none, err
	}
	before, err := payments(t, o.ID)
	if err != nil {
		return none, err
	}
	return book(t, o, proven, append(before, fresh...), fresh, epoch)
}

// prove shows that a transaction in a final block pays the script: it reads f/<height>, h/<hash> and the alarm, none
// of which a normal submission of headers writes.
func prove(t *Transaction, r order.SettleRequest, script string) (order.Proven, error) {
	named, err := blockHash(r.Block)
	if err != nil {
		return order.Proven{}, err
	}
	tx, final, err := spv.ProveFinal(chain{t}, r.Height, &r.Proof)
	if final != (spv.Block{}) && final.Hash != named {
		return order.Proven{}, order.ErrNotFinal.With(r.Block)
	}
	if err != nil {
		return order.Proven{}, err
	}
	raw, err := hex.DecodeString(script)
	if err != nil {
		return order.Proven{}, order.ErrRequest.With("script")
	}
	p := order.Proven{TxID: tx.ID.String(), Height: uint32(r.Height), Block: r.Block}
	for _, out := range payment.Credits(tx.Msg, raw) {
		p.Outputs = append(p.Outputs, order.Output{Vout: out.Vout, Amount: out.Amount})
	}
	return p, nil
}

func refusedOr(err error, refusal *ledger.Refusal) error {
	if err != nil {
		return err
	}
	return refusal
}

// blockHash reads a hash in the one spelling that keys have.
func blockHash(text string) (chainhash.Hash, error) {
	if err := ledger.CheckID(text); err != nil {
		return chainhash.Hash{}, err
	}
	h, err := chainhash.NewHashFromStr(text)
	if err != nil {
		return chainhash.Hash{}, ledger.ErrID.With(text)
	}
	return *h, nil
}

// recorded reads the payments that stand under a transaction's outpoints already.
func recorded(t *Transaction, p order.Proven) (map[uint32]order.Payment, error) {
	known := map[uint32]order.Payment{}
	for _, out := range p.Outputs {
		var before order.Payment
		ok, err := t.get(order.PaymentKey(p.TxID, out.Vout), &before)
		if err != nil {
			return nil, err
		}
		if ok {
			known[out.Vout] = before
		}
	}
	return known, nil
}

// book stores the fresh payments and, when all of them cover the price for the first time, the settlement.
func book(t *Transaction, o order.Order, p order.Proven, all, fresh []order.Payment, epoch int64) (order.SettleResult, error) {
	result := order.SettleResult{Licenses: []string{}}
	for _, pay := range fresh {
		if err := t.put(order.PaymentKey(pay.TxID, pay.Vout), pay); err != nil {
			return result, err
		}
		if err := t.putText(order.CreditKey(o.ID, pay.TxID, pay.Vout), ledger.Marker); err != nil {
			return result, err
		}
		result.Credited = append(result.Credited, ledger.Outpoint(pay.TxID, pay.Vout))
	}
	final, err := finals(t, all)
	if err != nil {
		return result, err
	}
	result.State = order.StateOf(o, all, func(h uint32) string { return final[h] }, epoch)
	settled, err := t.has(order.SettlementKey(o.ID))
	if err != nil {
		return result, err
	}
	if settled || result.State != order.Paid {
		return result, t.event(ledger.EventPaymentCredited, order.Credited{Order: o.ID, Payments: fresh, State: result.State})
	}
	s, err := order.Settle(o, all, p, epoch, t.GetStub().GetTxID())
	if err != nil {
		return result, err
	}
	s.Payments = fresh
	result.Licenses = s.Settlement.Licenses
	if err := storeSettled(t, s); err != nil {
		return result, err
	}
	return result, t.event(ledger.EventOrderSettled, s)
}

func storeSettled(t *Transaction, s order.Settled) error {
	if err := t.put(order.SettlementKey(s.Settlement.Order), s.Settlement); err != nil {
		return err
	}
	for _, l := range s.Licenses {
		if err := t.put(license.Key(l.ID), l); err != nil {
			return err
		}
		if err := t.putText(license.HeldKey(l.Machine, l.ID), ledger.Marker); err != nil {
			return err
		}
	}
	for _, a := range s.Accruals {
		if err := t.put(royalty.AccrualKey(a.Payee, a.Epoch, a.Order, a.Item, a.Role), a); err != nil {
			return err
		}
	}
	return nil
}
