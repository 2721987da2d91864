package audit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Books are what the replayed ledger comes to.
type Books struct {
	Uses   Uses    `json:"uses"`
	Money  Money   `json:"money"`
	Payees []Payee `json:"payees"` // sorted by id
	Sales  []Sale  `json:"sales"`  // sorted by order

	names    names
	overused error // a license with more uses made than sold
}

// Uses are counted by license.
type Uses struct {
	Sold int64 `json:"sold"`
	Used int64 `json:"used"` // as TPMs attested
	Open int64 `json:"open"`
}

// Money in satoshi: Paid = Commission + Contributors + Residual + Unsplit.
type Money struct {
	Paid         ledger.Satoshi `json:"paid"` // by proven Bitcoin outputs
	Commission   ledger.Satoshi `json:"commission"`
	Contributors ledger.Satoshi `json:"contributors"`
	Residual     ledger.Satoshi `json:"residual"`
	Unsplit      ledger.Satoshi `json:"unsplit"` // partial payments and surplus, which are never split (T23)
}

// Payee is what somebody is owed.
type Payee struct {
	Payee   string         `json:"payee"`
	Name    string         `json:"name"` // as the ledger calls the party
	Amount  ledger.Satoshi `json:"amount"`
	Entries []Entry        `json:"entries"`
}

// Entry is one accrual, and the ledger transaction that booked it.
type Entry struct {
	Payee  string         `json:"payee,omitempty"` // where it does not stand with its payee
	Order  string         `json:"order"`
	Item   int            `json:"item"`
	Role   string         `json:"role"`
	Amount ledger.Satoshi `json:"amount"`
	Tx     string         `json:"tx"`
}

// Sale is one order that was paid for.
type Sale struct {
	Order    string          `json:"order"`
	Titles   []string        `json:"titles"` // of its items
	Price    ledger.Satoshi  `json:"price"`
	Paid     ledger.Satoshi  `json:"paid"`
	Settled  string          `json:"settled"`      // the ledger transaction; "" = not yet
	By       *Act            `json:"by,omitempty"` // that transaction
	Outputs  []order.Payment `json:"outputs"`
	Licenses []string        `json:"licenses"`
}

// reader decodes the documents under a family of keys.
type reader struct {
	state *replay.Memory
	err   error
}

func each[T any](r *reader, family ledger.Family, take func(T)) {
	start, end := family.Range()
	for _, e := range r.state.Range(start, end) {
		var v T
		_, err := family.Parse(e.Key)
		if err == nil {
			err = ledger.DecodeCanonical(e.Value, &v)
		}
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("%s: %w", e.Key, err)
		}
		if err == nil {
			take(v)
		}
	}
}

func (r *run) books() error {
	read := &reader{state: r.state.space(r.config.Chaincode)}
	b := &Books{Payees: []Payee{}, Sales: []Sale{}, names: r.names(read)}
	wrong := func(err error) error {
		return &Finding{Check: CheckBooks, Block: r.report.Blocks - 1, Tx: -1, Detail: err.Error()}
	}
	sales := b.readSales(read, r.acts)
	b.readAccruals(read, sales)
	b.readUses(read)
	if read.err != nil {
		return wrong(read.err)
	}
	r.report.Books = b
	if err := b.check(sales); err != nil {
		return wrong(err)
	}
	if err := r.license(read, b.names); err != nil {
		return err
	}
	if r.config.Headers == nil {
		return nil
	}
	return r.bitcoin(b)
}

// sale is a Sale in the making.
type sale struct {
	Sale
	split ledger.Satoshi
}

func (b *Books) readSales(r *reader, acts acts) map[string]*sale {
	sales := map[string]*sale{}
	orders := map[string]order.Order{}
	each(r, order.Family, func(o order.Order) { orders[o.ID] = o })
	of := func(id string) *sale {
		if sales[id] == nil {
			s := &sale{Sale: Sale{
				Order: id, Titles: []string{}, Price: orders[id].Price,
				Outputs: []order.Payment{}, Licenses: []string{},
			}}
			for _, item := range orders[id].Items {
				s.Titles = append(s.Titles, b.names.title(item.Dataset, item.Version))
			}
			sales[id] = s
		}
		return sales[id]
	}
	each(r, order.PaymentFamily, func(p order.Payment) {
		s := of(p.Order)
		s.Paid += p.Amount
		s.Outputs = append(s.Outputs, p)
		b.Money.Paid += p.Amount
	})
	each(r, order.SettlementFamily, func(v order.Settlement) {
		s := of(v.Order)
		s.Settled, s.Licenses, s.By = v.TxID, v.Licenses, acts.of(r.state, order.SettlementKey(v.Order))
	})
	return sales
}

func (b *Books) readAccruals(r *reader, sales map[string]*sale) {
	payees := map[string]*Payee{}
	each(r, royalty.AccrualFamily, func(a royalty.Accrual) {
		p := payees[a.Payee]
		if p == nil {
			p = &Payee{Payee: a.Payee, Name: b.names.party(a.Payee), Entries: []Entry{}}
			payees[a.Payee] = p
		}
		e := Entry{Order: a.Order, Item: a.Item, Role: a.Role, Amount: a.Amount}
		if s := sales[a.Order]; s != nil {
			s.split += a.Amount
			e.Tx = s.Settled
		}
		p.Amount += a.Amount
		p.Entries = append(p.Entries, e)
		b.Money.add(a)
	})
	for _, id := range slices.Sorted(maps.Keys(payees)) {
		b.Payees = append(b.Payees, *payees[id])
	}
	for _, id := range slices.Sorted(maps.Keys(sales)) {
		b.Sales = append(b.Sales, sales[id].Sale)
		b.Money.Unsplit += sales[id].Paid - sales[id].split
	}
}

func (m *Money) add(a royalty.Accrual) {
	switch a.Role {
	case royalty.RoleCommission:
		m.Commission += a.Amount
	case royalty.RoleContributor:
		m.Contributors += a.Amount
	case royalty.RoleResidual:
		m.Residual += a.Amount
	}
}

// readUses adds up by license: each has a meter index of its own, so its receipts count from 1 to its uses.
// The newest receipt of a license carries the highest count.
func (b *Books) readUses(r *reader) {
	sold, used := map[string]int64{}, map[string]int64{}
	each(r, license.Family, func(l license.License) {
		sold[l.ID] = l.Model.Uses
		b.Uses.Sold += l.Model.Uses
	})
	each(r, grant.ReceiptFamily, func(v grant.Receipt) { used[v.License] = max(used[v.License], v.Count) })
	for _, id := range slices.Sorted(maps.Keys(used)) {
		if used[id] > sold[id] && b.overused == nil {
			b.overused = fmt.Errorf("license %s has %d uses, its receipts count %d", id, sold[id], used[id])
		}
		b.Uses.Used += used[id]
	}
	b.Uses.Open = b.Uses.Sold - b.Uses.Used
}

// check demands that the sums agree.
func (b *Books) check(sales map[string]*sale) error {
	for _, id := range slices.Sorted(maps.Keys(sales)) {
		s := sales[id]
		switch {
		case s.Settled == "" && s.split != 0:
			return fmt.Errorf("order %s was never settled, %d satoshi were split", id, s.split)
		case s.Settled != "" && s.split != s.Price:
			return fmt.Errorf("order %s costs %d, %d were split", id, s.Price, s.split)
		case s.Settled != "" && s.Paid < s.Price:
			return fmt.Errorf("order %s costs %d and was settled with %d", id, s.Price, s.Paid)
		}
	}
	m := b.Money
	if sum := m.Commission + m.Contributors + m.Residual + m.Unsplit; sum != m.Paid {
		return fmt.Errorf("%d satoshi were paid, %d are accounted for", m.Paid, sum)
	}
	owed := ledger.Satoshi(0)
	for _, p := range b.Payees {
		owed += p.Amount
	}
	if owed != m.Paid-m.Unsplit {
		return fmt.Errorf("payees are owed %d, %d were split", owed, m.Paid-m.Unsplit)
	}
	return b.overused
}

// governed is the configuration in force at the end of the copy.
func (r *run) governed() (consortium.Config, error) {
	var c consortium.Config
	space := r.state.space(r.config.Chaincode)
	version, ok := space.Get(consortium.ConfigInForceKey())
	if !ok {
		return c, fmt.Errorf("no configuration is in force")
	}
	var n int
	if _, err := fmt.Sscanf(string(version.Value), "%d", &n); err != nil {
		return c, fmt.Errorf("number of the configuration: %w", err)
	}
	e, ok := space.Get(consortium.ConfigKey(n))
	if !ok {
		return c, fmt.Errorf("configuration %d is missing", n)
	}
	if err := ledger.DecodeCanonical(e.Value, &c); err != nil {
		return c, fmt.Errorf("configuration %d: %w", n, err)
	}
	return c, nil
}
