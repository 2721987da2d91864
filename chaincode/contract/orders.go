package contract

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Orders are placed by buyers for their machines and settled by proven Bitcoin payments.
type Orders struct {
	contractapi.Contract
	clock Clock
}

// Place records an order and derives the script that it is paid to.
func (c *Orders) Place(t *Transaction, document string) (string, error) {
	return answer(c.place(t, document))
}

func (c *Orders) place(t *Transaction, document string) (order.Order, error) {
	var r order.Request
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return order.Order{}, err
	}
	if err := r.Check(); err != nil {
		return order.Order{}, err
	}
	before, known, err := placed(t, r)
	if err != nil || known {
		return before, err
	}
	w, err := wish(t, r)
	if err != nil {
		return order.Order{}, err
	}
	o, shard, err := order.Place(w)
	if err != nil {
		return order.Order{}, err
	}
	if err := derive(t, &o); err != nil {
		return order.Order{}, err
	}
	if err := storeOrder(t, o, shard); err != nil {
		return order.Order{}, err
	}
	return o, t.event(ledger.EventOrderPlaced, o)
}

// placed finds the order that the same key made before: the same request gets the same order again.
func placed(t *Transaction, r order.Request) (order.Order, bool, error) {
	var o order.Order
	id := order.ID(t.GetStub().GetChannelID(), t.caller.MSP, t.caller.Party, r.Key)
	known, err := t.get(order.Key(id), &o)
	if known && err == nil && !o.Repeats(r) {
		err = order.ErrKeyReused.With(r.Key)
	}
	return o, known, err
}

// wish loads what placing an order is judged by.
func wish(t *Transaction, r order.Request) (order.Wish, error) {
	w := order.Wish{Request: r, Caller: t.caller, Channel: t.GetStub().GetChannelID(), Config: &t.config}
	var err error
	if w.Epoch, err = t.epoch(); err != nil {
		return w, err
	}
	if w.Machine, err = loadMachine(t, r.Machine); err != nil {
		return w, err
	}
	if err = t.need(machine.ShardKey(w.Machine.Shard), &w.Shard, machine.ErrUnknown); err != nil {
		return w, err
	}
	if w.Offer, err = loadOffer(t, r.Offers[0]); err != nil {
		return w, err
	}
	key := dataset.ManifestKey(w.Offer.Dataset, w.Offer.Version)
	if err = t.need(key, &w.Manifest, dataset.ErrUnknown); err != nil {
		return w, err
	}
	w.Hash = ledger.Digest(ledger.Encode(w.Manifest)) // stored canonically, so these are its exact bytes
	w.Final, err = t.has(dataset.FinalKey(w.Offer.Dataset, w.Offer.Version))
	return w, err
}

// derive computes the order's script from the treasury's public descriptor, as every buyer can (T21).
func derive(t *Transaction, o *order.Order) (err error) {
	o.Script, o.Address, err = payment.CollectOf(t.config.Treasury.Descriptor, t.config.Bitcoin.Network, o.Shard, o.Number)
	return err
}

func storeOrder(t *Transaction, o order.Order, shard machine.Shard) error {
	key, err := scriptKey(o.Script)
	if err != nil {
		return err
	}
	if err := t.createText(key, o.ID, order.ErrScript); err != nil {
		return err
	}
	if err := t.put(machine.ShardKey(o.Shard), shard); err != nil {
		return err
	}
	return t.put(order.Key(o.ID), o)
}

func scriptKey(script string) (string, error) {
	raw, err := hex.DecodeString(script)
	if err != nil || len(raw) == 0 || len(raw) > 100 || hex.EncodeToString(raw) != script {
		return "", order.ErrRequest.With("a script that is not lower-case hex")
	}
	sum := sha256.Sum256(raw)
	return order.ScriptKey(hex.EncodeToString(sum[:])), nil
}

// Get reads an order with its state.
func (c *Orders) Get(t *Transaction, id string) (string, error) { return answer(viewOrder(t, id)) }

// ByScript finds the order that a script belongs to.
func (c *Orders) ByScript(t *Transaction, script string) (string, error) {
	return answer(c.byScript(t, script))
}

func (c *Orders) byScript(t *Transaction, script string) (string, error) {
	key, err := scriptKey(script)
	if err != nil {
		return "", err
	}
	id, err := t.text(key)
	if err == nil && id == "" {
		err = order.ErrUnknown.With(script)
	}
	return id, err
}

// Sign signs an order with its state, so that a buyer can trust the payment script.
func (c *Orders) Sign(t *Transaction, id, nonce string) (string, error) {
	return answer(c.sign(t, id, nonce))
}

func (c *Orders) sign(t *Transaction, id, nonce string) (signed.Answer, error) {
	v, err := viewOrder(t, id)
	if err != nil {
		return signed.Answer{}, err
	}
	return t.sign(c.clock, signing{tag: signed.TagOrder, function: signed.FunctionOrder, subject: id, nonce: nonce, body: v})
}

func loadOrder(t *Transaction, id string) (order.Order, error) {
	var o order.Order
	if err := ledger.CheckID(id); err != nil {
		return o, err
	}
	return o, t.need(order.Key(id), &o, order.ErrUnknown)
}

// viewOrder computes the order's state from its payments and the final blocks, never from a stored word.
func viewOrder(t *Transaction, id string) (order.View, error) {
	o, err := loadOrder(t, id)
	if err != nil {
		return order.View{}, err
	}
	v := order.View{Order: o, Payments: []order.Payment{}, Licenses: []string{}}
	if v.Payments, err = payments(t, id); err != nil {
		return v, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return v, err
	}
	final, err := finals(t, v.Payments)
	if err != nil {
		return v, err
	}
	var s order.Settlement
	settled, err := t.get(order.SettlementKey(id), &s)
	if settled {
		v.Licenses = s.Licenses
	}
	v.Paid = order.Sum(v.Payments)
	v.State = order.StateOf(o, v.Payments, func(h uint32) string { return final[h] }, epoch)
	return v, err
}

// payments lists what is credited to an order, by outpoint.
func payments(t *Transaction, id string) ([]order.Payment, error) {
	list := []order.Payment{}
	err := t.each(func(key string, _ []byte) error {
		txid, vout, err := order.ParseCreditKey(key)
		if err != nil {
			return err
		}
		var p order.Payment
		if err := t.need(order.PaymentKey(txid, vout), &p, order.ErrUnknown); err != nil {
			return err
		}
		list = append(list, p)
		return nil
	}, order.CreditFamily, id)
	return list, err
}

// finals reads the final block at each payment's height.
func finals(t *Transaction, list []order.Payment) (map[uint32]string, error) {
	final := map[uint32]string{}
	for _, p := range list {
		if _, ok := final[p.Height]; ok {
			continue
		}
		hash, err := t.text(spv.FinalKey(spv.Height(p.Height)))
		if err != nil {
			return nil, err
		}
		final[p.Height] = hash
	}
	return final, nil
}
