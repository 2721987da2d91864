package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Order loads an order.
func (t *Transaction) Order(id string) (order.Order, error) {
	if err := ledger.CheckID(id); err != nil {
		return order.Order{}, err
	}
	return load[order.Order](t, order.Key(id), order.ErrUnknown)
}

// FindOrder loads an order; false means that there is none.
func (t *Transaction) FindOrder(id string) (order.Order, bool, error) {
	return find[order.Order](t, order.Key(id))
}

// OrderOfScript finds the id of the order that a script (hex) belongs to.
func (t *Transaction) OrderOfScript(script string) (string, error) {
	hash, err := order.ScriptHash(script)
	if err != nil {
		return "", err
	}
	id, err := t.text(order.ScriptKey(hash))
	if err == nil && id == "" {
		err = order.ErrUnknown.With(script)
	}
	return id, err
}

// CreateOrder stores an order, the entry that finds it by its script, and the machine's shard, whose next
// number and sum of the day the order has raised.
func (t *Transaction) CreateOrder(o order.Order, shard machine.Shard) error {
	hash, err := order.ScriptHash(o.Script)
	if err != nil {
		return err
	}
	if err := t.createText(order.ScriptKey(hash), o.ID, order.ErrScript); err != nil {
		return err
	}
	if err := t.put(machine.ShardKey(o.Shard), shard); err != nil {
		return err
	}
	return t.put(order.Key(o.ID), o)
}

// Credits loads an order's payments, sorted by outpoint, and the final block at the height of each.
func (t *Transaction) Credits(id string) (order.Credits, error) {
	keys, err := t.keys(order.CreditFamily, id)
	if err != nil {
		return order.Credits{}, err
	}
	c := order.Credits{Payments: []order.Payment{}, Final: map[uint32]string{}}
	for _, key := range keys {
		txid, vout, err := order.ParseCreditKey(key)
		if err != nil {
			return c, err
		}
		p, err := load[order.Payment](t, order.PaymentKey(txid, vout), order.ErrUnknown)
		if err != nil {
			return c, err
		}
		c.Payments = append(c.Payments, p)
		if _, known := c.Final[p.Height]; known {
			continue
		}
		if c.Final[p.Height], err = t.text(spv.FinalKey(spv.Height(p.Height))); err != nil {
			return c, err
		}
	}
	return c, nil
}

// Recorded loads the payments that earlier calls recorded for outputs of this transaction, whichever order
// they pay, by the output's number.
func (t *Transaction) Recorded(p order.Proven) (map[uint32]order.Payment, error) {
	recorded := map[uint32]order.Payment{}
	for _, out := range p.Outputs {
		before, ok, err := find[order.Payment](t, order.PaymentKey(p.TxID, out.Vout))
		if err != nil {
			return nil, err
		}
		if ok {
			recorded[out.Vout] = before
		}
	}
	return recorded, nil
}

// FindSettlement loads an order's settlement; false means that the order is not settled.
func (t *Transaction) FindSettlement(id string) (order.Settlement, bool, error) {
	return find[order.Settlement](t, order.SettlementKey(id))
}

// PutPayments stores payments and lists them under their order.
func (t *Transaction) PutPayments(payments []order.Payment) error {
	for _, p := range payments {
		if err := t.put(order.PaymentKey(p.TxID, p.Vout), p); err != nil {
			return err
		}
		if err := t.putText(order.CreditKey(p.Order, p.TxID, p.Vout), ledger.Marker); err != nil {
			return err
		}
	}
	return nil
}

// PutSettled stores a settlement with its licenses, each listed under its machine, and its accruals.
func (t *Transaction) PutSettled(s order.Settled) error {
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
		if err := t.putAccrual(a); err != nil {
			return err
		}
	}
	return nil
}
