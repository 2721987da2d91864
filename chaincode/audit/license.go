package audit

import (
	"errors"
	"fmt"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// ErrLicense says that the copy holds no license of that name, or several whose ids begin so.
var ErrLicense = errors.New("license")

// Licensed is one license from its order to its last receipt. Each step names the transaction, and with it
// the partners whose peers signed.
type Licensed struct {
	License  string         `json:"license"`
	Dataset  string         `json:"dataset"`
	Version  int            `json:"version"`
	Title    string         `json:"title"`
	Machine  string         `json:"machine"`
	Buyer    string         `json:"buyer"`
	Uses     Uses           `json:"uses"`
	Order    string         `json:"order"`
	Price    ledger.Satoshi `json:"price"` // of the order
	Paid     ledger.Satoshi `json:"paid"`
	Ordered  *Act           `json:"ordered"`
	Payments []Credited     `json:"payments"`
	Settled  *Act           `json:"settled"`
	Split    []Entry        `json:"split"` // of the order
	Grants   []Granted      `json:"grants"`
	Receipts []Received     `json:"receipts"`

	names names
}

// Credited is a Bitcoin output that was credited to the order.
type Credited struct {
	order.Payment
	By *Act `json:"by"`
}

// Granted is a grant, and the custodians that answered it.
type Granted struct {
	Number  int             `json:"number"`
	Limit   int64           `json:"limit"`
	By      *Act            `json:"by"`
	Answers map[string]*Act `json:"answers"` // by the custodian's MSP
}

// Received is a receipt of uses.
type Received struct {
	Count int64 `json:"count"`
	Limit int64 `json:"limit"`
	By    *Act  `json:"by"`
}

// license follows the license that the auditor asked for.
func (r *run) license(read *reader, n names) error {
	if r.config.License == "" {
		return nil
	}
	var found []license.License
	each(read, license.Family, func(l license.License) {
		if strings.HasPrefix(l.ID, strings.ToLower(r.config.License)) {
			found = append(found, l)
		}
	})
	if len(found) != 1 {
		return fmt.Errorf("%w %s: expected the id of one license in the copy or a beginning that only it "+
			"has, %d have this one",
			ErrLicense, r.config.License, len(found))
	}
	l := found[0]
	m := r.state.space(r.config.Chaincode)
	v := &Licensed{
		License: l.ID, Dataset: l.Dataset, Version: l.Version, Title: n.title(l.Dataset,
			l.Version), Machine: l.Machine, Buyer: l.Buyer,
		Uses: Uses{Sold: l.Model.Uses}, Order: l.Order, Ordered: r.acts.of(m,
			order.Key(l.Order)), Settled: r.acts.of(m, order.SettlementKey(l.Order)),
		Payments: []Credited{}, Split: []Entry{}, Grants: []Granted{}, Receipts: []Received{}, names: n,
	}
	each(read, order.PaymentFamily, func(p order.Payment) {
		if p.Order == l.Order {
			v.Paid += p.Amount
			v.Payments = append(v.Payments, Credited{p, r.acts.of(m, order.PaymentKey(p.TxID, p.Vout))})
		}
	})
	each(read, order.Family, func(o order.Order) {
		if o.ID == l.Order {
			v.Price = o.Price
		}
	})
	r.follow(read, v)
	v.Uses.Open = v.Uses.Sold - v.Uses.Used
	r.report.License = v
	return nil
}

// follow adds what came after the payment: split, grants and their answers, receipts.
func (r *run) follow(read *reader, v *Licensed) {
	m := r.state.space(r.config.Chaincode)
	each(read, royalty.AccrualFamily, func(a royalty.Accrual) {
		if a.Order == v.Order {
			e := Entry{Order: a.Order, Item: a.Item, Role: a.Role, Amount: a.Amount, Payee: a.Payee}
			if v.Settled != nil {
				e.Tx = v.Settled.TxID
			}
			v.Split = append(v.Split, e)
		}
	})
	each(read, grant.Family, func(g grant.Grant) {
		if g.License == v.License {
			v.Grants = append(v.Grants, Granted{
				g.Number, g.Limit,
				r.acts.of(m, grant.Key(v.License, g.Number)),
				map[string]*Act{},
			})
		}
	})
	each(read, grant.AnswerFamily, func(a grant.Answer) {
		for _, g := range v.Grants {
			if a.License == v.License && a.Number == g.Number {
				g.Answers[a.MSP] = r.acts.of(m, grant.AnswerKey(v.License, a.Number, a.MSP))
			}
		}
	})
	each(read, grant.ReceiptFamily, func(c grant.Receipt) {
		if c.License == v.License {
			v.Uses.Used = max(v.Uses.Used, c.Count)
			v.Receipts = append(v.Receipts, Received{
				c.Count, c.Limit,
				r.acts.of(m, grant.ReceiptKey(v.License, c.Count)),
			})
		}
	})
}
