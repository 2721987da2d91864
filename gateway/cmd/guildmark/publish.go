package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// contributor is one --contributor NAME=WEIGHT.
type contributor struct {
	name   string
	weight int64
}

type publishFlags struct {
	access

	folder, key, assurance, residual string
	price, uses                      int64
	contributors                     []contributor
	wait                             time.Duration
}

func publishCommand() *command.Command {
	var p publishFlags
	return &command.Command{
		Name: "publish", Short: "puts a sealed folder on the ledger, uploads it, waits for the custodians " +
			"and offers it.",
		Guide: "It can be repeated after any interruption: steps that are done stay done. The price is " +
			"divided at each sale: the\n" +
			"consortium's commission first, then the contributors by their weights.",
		Example: "guildmark publish --folder build/sunrise --identity build/net/licensors/identities/licensor1 \\\n" +
			"  --price 25000 --uses 3 --contributor licensor1=2 --contributor licensor2=1",
		Flags: p.flags,
		Run:   p.publish,
	}
}

func (p *publishFlags) flags(f *command.Flags) {
	f.StringVar(&p.folder, "folder", "", "`DIR` folder that `guildmark seal` made")
	f.Int64Var(&p.price, "price", 0, "`SAT` price of a license in satoshi")
	f.Int64Var(&p.uses, "uses", 0, "`N` uses that a license holds")
	f.Need("folder", "price", "uses")
	p.ledgerFlags(f)
	p.gatewayFlags(f, "the one in the connection file")
	f.Var(contributors{&p.contributors}, "contributor",
		"`NAME=WEIGHT` one who shares the price after the commission; repeat the flag for each. "+
			"NAME is an identity of the connection file, like licensor2, or a party id")
	f.StringVar(&p.residual, "residual", "", "`NAME` one who gets all after the commission, instead of "+
		"contributors; default: you, without contributors")
	f.StringVar(&p.assurance, "assurance", "tpm,vtpm", "`CLASSES` machines that may buy: tpm, vtpm, software")
	f.StringVar(&p.key, "key", "", "`TEXT` your own name for this offer; the same name again is the same "+
		"offer (default: made of dataset, uses and price)")
	f.DurationVar(&p.wait, "wait", 2*time.Minute, "`TIME` how long to wait for the custodians")
}

// contributors collects the flags --contributor.
type contributors struct{ all *[]contributor }

func (c contributors) String() string { return "" }

func (c contributors) Type() string { return "NAME=WEIGHT" }

func (c contributors) Set(text string) error {
	name, weight, _ := strings.Cut(text, "=")
	n, err := strconv.ParseInt(weight, 10, 64)
	if err != nil || n < 1 || name == "" {
		return fmt.Errorf("NAME=WEIGHT is expected, like licensor2=1 or LicensorsMSP.0123456789abcdef=1")
	}
	*c.all = append(*c.all, contributor{name, n})
	return nil
}

// payee is what one party gets of each sale. Amounts are rounded at each sale anew: a satoshi more or less.
type payee struct {
	Payee  string         `json:"payee"`
	Name   string         `json:"name"`
	Role   string         `json:"role"`
	Amount ledger.Satoshi `json:"amount"`
}

// publishResult tells what publishing made.
type publishResult struct {
	Dataset string      `json:"dataset"`
	Version int         `json:"version"`
	Offer   offer.Offer `json:"offer"`
	Payees  []payee     `json:"payees"`
	Seconds float64     `json:"seconds"`
	title   string
	me      string
}

func (p publishResult) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "on sale: %s, offer %s\n", p.title, command.ID(p.Offer.ID))
	fmt.Fprintf(&b, "%s for %s; each sale gives ", command.Count(int(p.Offer.Model.Uses), "use"),
		command.Satoshi(p.Offer.Price))
	for i, part := range p.Payees {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", p.called(part), command.Sat(part.Amount))
	}
	return b.String()
}

// called is a payee in words: the commission, the licensor at the keyboard, or the name of an identity.
func (p publishResult) called(part payee) string {
	switch {
	case part.Role == royalty.RoleCommission:
		return "commission"
	case part.Payee == p.me:
		return "you"
	}
	return part.Name
}

func (p *publishFlags) publish(ctx context.Context, call *command.Call) (command.Result, error) {
	if p.price < 1 || p.uses < 1 {
		return nil, command.Usage("--price and --uses are needed, above zero")
	}
	f, err := licensor.OpenFolder(p.folder)
	if err != nil {
		return nil, err
	}
	connection, err := licensor.ReadConnection(p.connection)
	if err != nil {
		return nil, err
	}
	who, err := p.licensor(connection)
	if err != nil {
		return nil, err
	}
	request, err := p.offer(who, f.Manifest, connection)
	if err != nil {
		return nil, err
	}
	store, err := p.market()
	if err != nil {
		return nil, err
	}
	c, err := client.Open(p.connection, p.identity, client.Config{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // the process ends
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	begin := time.Now()
	publisher := &licensor.Publisher{Licensor: who, Ledger: c, Store: store, Progress: call.Progress.Step}
	made, err := publisher.Publish(ctx, f, request)
	if err != nil {
		return nil, err
	}
	payees, err := payeesOf(made, connection)
	return publishResult{
		Dataset: made.Dataset, Version: made.Version, Offer: made, Payees: payees,
		Seconds: time.Since(begin).Seconds(),
		title:   f.Manifest.Title, me: who.Party,
	}, err
}

// offer is the request to the ledger; names become party ids.
func (p *publishFlags) offer(who licensor.Licensor, m dataset.Manifest, c licensor.Connection) (offer.Request,
	error,
) {
	r := offer.Request{
		Key: p.key, Model: offer.Model{Kind: "uses", Uses: p.uses}, Price: ledger.Satoshi(p.price),
		Assurance: list(p.assurance),
	}
	for _, one := range p.contributors {
		party, err := c.Party(one.name)
		if err != nil {
			return r, err
		}
		r.Contributors = append(r.Contributors, royalty.Contributor{Payee: party, Weight: one.weight})
	}
	var err error
	switch {
	case p.residual != "":
		r.Residual, err = c.Party(p.residual)
	case len(r.Contributors) == 0:
		r.Residual = who.Party
	}
	if r.Key == "" {
		r.Key = fmt.Sprintf("%.16s-%d-%d-uses-%d-sat", m.Dataset, m.Version, p.uses, p.price)
	}
	slices.Sort(r.Assurance)
	slices.SortFunc(r.Contributors, func(a, b royalty.Contributor) int { return strings.Compare(a.Payee, b.Payee) })
	return r, err
}

// payeesOf divides the price as a sale does. The rounding's key is an order's, which isn't there yet: any will
// do, since keys move a satoshi at most.
func payeesOf(o offer.Offer, c licensor.Connection) ([]payee, error) {
	parts, err := royalty.Split(o.Price, o.Split, royalty.Key(o.ID, 0, 0))
	if err != nil {
		return nil, err
	}
	var all []payee
	for _, part := range parts {
		all = append(all, payee{Payee: part.Payee, Name: c.NameOf(part.Payee), Role: part.Role, Amount: part.Amount})
	}
	slices.SortStableFunc(all, func(a, b payee) int { return commissionLast(a) - commissionLast(b) })
	return all, nil
}

func commissionLast(p payee) int {
	if p.Role == royalty.RoleCommission {
		return 1
	}
	return 0
}
