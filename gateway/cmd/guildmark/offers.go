package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// Pages of offers.
const (
	pageSize = 50
	most     = 200   // the gateway gives no larger page
	maxPages = 1_000 // a search ends at 200,000 offers: a gateway could give cursors for ever
)

type offersFlags struct {
	access

	cursor string
	limit  int
}

func offersCommand() *command.Command {
	var o offersFlags
	return &command.Command{
		Name: "offers", Args: "[OFFER]",
		Short:   "lists what is on offer at a gateway, or shows one offer by the beginning of its id.",
		Example: "guildmark offers",
		Flags: func(f *command.Flags) {
			f.StringVar(&o.connection, "connection", "build/net/connection.json",
				"`FILE` connection file that names the gateway")
			o.gatewayFlags(f, "the one in the connection file")
			f.StringVar(&o.cursor, "cursor", "", "`TEXT` cursor that the page before ended with, to go on after it")
			f.IntVar(&o.limit, "limit", pageSize, "`N` offers on a page")
		},
		Run: o.run,
	}
}

func (o *offersFlags) run(ctx context.Context, call *command.Call) (command.Result, error) {
	g, err := o.market()
	if err != nil {
		return nil, err
	}
	titles := titles{gateway: g}
	if len(call.Args) == 1 {
		one, err := find(ctx, g, call.Args[0])
		if err != nil {
			return nil, err
		}
		return oneOffer{Offer: one, title: titles.of(ctx, one)}, nil
	}
	page, err := fetchPage(ctx, g, o.cursor, o.limit)
	if err != nil {
		return nil, err
	}
	if call.JSON {
		return command.Document(page.document), nil
	}
	for _, one := range page.Offers {
		page.titles = append(page.titles, titles.of(ctx, one))
	}
	return page, nil
}

// offerPage is a page of the catalogue; for programs there is the gateway's own document.
type offerPage struct {
	Offers []offer.Offer `json:"offers"`
	Next   string        `json:"next"`

	document []byte
	titles   []string
}

func fetchPage(ctx context.Context, g *licensor.Gateway, cursor string, limit int) (offerPage, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	var p offerPage
	doc, err := g.Offers(ctx, "?"+query.Encode())
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(doc, &p); err != nil {
		return p, licensor.ErrGateway.With("a page of offers that can't be read")
	}
	p.document = doc
	return p, nil
}

func (p offerPage) Text() string {
	if len(p.Offers) == 0 {
		return "nothing is on offer"
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "TITLE\tOFFER\tUSES\tPRICE\tMACHINES")
	for i, o := range p.Offers {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", p.titles[i], command.ID(o.ID),
			command.Number(o.Model.Uses), command.Satoshi(o.Price),
			strings.Join(o.Assurance, ","))
	}
	_ = t.Flush() // into memory
	if p.Next != "" {
		_, _ = fmt.Fprintf(&b, "more: --cursor %s\n", p.Next)
	}
	return b.String()
}

// oneOffer is an offer with all that a buyer decides by.
type oneOffer struct {
	offer.Offer

	title string
}

func (o oneOffer) Text() string {
	var b strings.Builder
	for _, row := range [][2]string{
		{"title", o.title},
		{"offer", o.ID},
		{"price", command.Satoshi(o.Price)},
		{"uses", command.Number(o.Model.Uses)},
		{"machines", strings.Join(o.Assurance, ", ")},
		{"licensor", o.Licensor.Party},
		{"dataset", o.Dataset + " version " + strconv.Itoa(o.Version)},
	} {
		_, _ = fmt.Fprintf(&b, "%-9s %s\n", row[0], row[1])
	}
	_, _ = fmt.Fprintf(&b, "buy it at a machine: machine buy --offer %s --at-most %d", command.ID(o.ID), o.Price)
	return b.String()
}

// find looks for the one offer whose id begins so.
func find(ctx context.Context, g *licensor.Gateway, id string) (offer.Offer, error) {
	none := offer.Offer{}
	if ledger.CheckID(id) == nil {
		return g.Offer(ctx, id)
	}
	var found []offer.Offer
	cursor := ""
	for range maxPages {
		page, err := fetchPage(ctx, g, cursor, most)
		if err != nil {
			return none, err
		}
		for _, o := range page.Offers {
			if strings.HasPrefix(o.ID, id) {
				found = append(found, o)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	switch len(found) {
	case 0:
		return none, offer.ErrUnknown.With(id)
	case 1:
		return found[0], nil
	}
	return none, command.Usage("%s begins the ids of %d offers: write more of it", id, len(found))
}

// titles finds the titles of offers: they stand in the manifests, which the gateway gives one by one.
type titles struct {
	gateway *licensor.Gateway
	known   map[string]string
}

// of is an offer's title; the list of offers is worth more than a title that can't be fetched.
func (t *titles) of(ctx context.Context, o offer.Offer) string {
	key := o.Dataset + "/" + strconv.Itoa(o.Version)
	if title, ok := t.known[key]; ok {
		return title
	}
	title := "?"
	if m, err := t.gateway.Manifest(ctx, o.Dataset, o.Version); err == nil && printable(m.Title) {
		title = m.Title
	}
	if t.known == nil {
		t.known = map[string]string{}
	}
	t.known[key] = title
	return title
}

// printable keeps control characters off the terminal: nobody has checked what the gateway says.
func printable(title string) bool {
	return title != "" && strings.IndexFunc(title, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
