package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/gateway/licensor"
)

type publishFlags struct {
	way

	folder, key, assurance, residual string
	price, uses                      int64
	contributors                     []royalty.Contributor
	wait                             time.Duration
}

func (p *publishFlags) flags(f *flag.FlagSet) {
	p.way.flags(f)
	f.StringVar(&p.folder, "folder", "", "folder that `guildmark seal` made")
	f.Int64Var(&p.price, "price", 0, "price of a license in satoshi")
	f.Int64Var(&p.uses, "uses", 0, "uses that a license holds")
	f.StringVar(&p.assurance, "assurance", "tpm,vtpm", "classes of machines that may buy")
	f.StringVar(&p.key, "key", "", "your own name for this offer; the same name again is the same offer (default: made of dataset, uses and price)")
	f.StringVar(&p.residual, "residual", "", "party that gets what contributors don't (default: none, or you without contributors)")
	f.DurationVar(&p.wait, "wait", 2*time.Minute, "how long to wait for the custodians")
	f.Func("contributor", "PARTY=WEIGHT, once for each who shares the price after the commission", func(text string) error {
		name, weight, ok := strings.Cut(text, "=")
		n, err := strconv.ParseInt(weight, 10, 64)
		if !ok || err != nil || n < 1 || !ledger.IsParty(name) {
			return fmt.Errorf("%q is not PARTY=WEIGHT", text)
		}
		p.contributors = append(p.contributors, royalty.Contributor{Payee: name, Weight: n})
		return nil
	})
}

// publishedDocument tells what publishing made.
type publishedDocument struct {
	Dataset string      `json:"dataset"`
	Version int         `json:"version"`
	Offer   offer.Offer `json:"offer"`
	Seconds float64     `json:"seconds"`
}

func publishFolder(ctx context.Context, flags *flag.FlagSet, args []string, o *output) error {
	var p publishFlags
	p.flags(flags)
	if err := parse(flags, args, o); err != nil {
		return err
	}
	if err := need(map[string]string{"folder": p.folder, "connection": p.connection, "identity": p.identity, "gateway": p.gateway}); err != nil {
		return err
	}
	if p.price < 1 || p.uses < 1 {
		return fmt.Errorf("%w: --price and --uses are needed, above zero", errUsage)
	}
	f, err := licensor.OpenFolder(p.folder)
	if err != nil {
		return err
	}
	who, err := p.licensor()
	if err != nil {
		return err
	}
	store, err := licensor.NewGateway(p.gateway, p.roots)
	if err != nil {
		return err
	}
	c, err := client.Open(p.connection, p.identity, client.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // the process ends
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	begin := time.Now()
	publisher := &licensor.Publisher{Licensor: who, Ledger: c, Store: store, Progress: o.progress}
	offered, err := publisher.Publish(ctx, f, p.offer(who, f.Manifest))
	if err != nil {
		return err
	}
	d := publishedDocument{Dataset: offered.Dataset, Version: offered.Version, Offer: offered, Seconds: time.Since(begin).Seconds()}
	return o.result(d, fmt.Sprintf("on sale: offer %s\n%d uses for %s", offered.ID, offered.Model.Uses, offered.Price))
}

func (p *publishFlags) offer(who licensor.Licensor, m dataset.Manifest) offer.Request {
	r := offer.Request{
		Key: p.key, Model: offer.Model{Kind: "uses", Uses: p.uses}, Price: ledger.Satoshi(p.price),
		Assurance: list(p.assurance), Contributors: p.contributors, Residual: p.residual,
	}
	if r.Key == "" {
		r.Key = fmt.Sprintf("%.16s-%d-%d-uses-%d-sat", m.Dataset, m.Version, p.uses, p.price)
	}
	if len(r.Contributors) == 0 && r.Residual == "" {
		r.Residual = who.Party
	}
	slices.Sort(r.Assurance)
	slices.SortFunc(r.Contributors, func(a, b royalty.Contributor) int { return strings.Compare(a.Payee, b.Payee) })
	return r
}

func offers(ctx context.Context, flags *flag.FlagSet, args []string, o *output) error {
	var w way
	flags.StringVar(&w.gateway, "gateway", "", "URL of a gateway")
	flags.StringVar(&w.roots, "gateway-roots", "", "PEM file of roots for the gateway's certificate (default: the system's)")
	cursor := flags.String("cursor", "", "go on after the page that ended with this cursor")
	limit := flags.Int("limit", 50, "offers a page")
	if err := parse(flags, args, o); err != nil {
		return err
	}
	if err := need(map[string]string{"gateway": w.gateway}); err != nil {
		return err
	}
	g, err := licensor.NewGateway(w.gateway, w.roots)
	if err != nil {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(*limit)}}
	if *cursor != "" {
		query.Set("cursor", *cursor)
	}
	doc, err := g.Offers(ctx, "?"+query.Encode())
	if err != nil {
		return err
	}
	words, err := offersInWords(doc)
	if err != nil {
		return err
	}
	return o.result(json.RawMessage(doc), words)
}

// offersInWords writes a page of offers as a table.
func offersInWords(doc []byte) (string, error) {
	var page struct {
		Offers []offer.Offer `json:"offers"`
		Next   string        `json:"next"`
	}
	if err := json.Unmarshal(doc, &page); err != nil {
		return "", licensor.ErrGateway.With("a page of offers that can't be read")
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "OFFER\tDATASET\tUSES\tPRICE\tMACHINES")
	for _, o := range page.Offers {
		_, _ = fmt.Fprintf(t, "%s\t%.16s/%d\t%d\t%s\t%s\n", o.ID, o.Dataset, o.Version, o.Model.Uses, o.Price, strings.Join(o.Assurance, ","))
	}
	_ = t.Flush() // into memory
	if page.Next != "" {
		_, _ = fmt.Fprintf(&b, "more: --cursor %s\n", page.Next)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
