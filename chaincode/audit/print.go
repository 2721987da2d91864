package audit

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes the report for a person.
func (r Report) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) } //nolint:errcheck // Flush tells
	line("channel\t%s", r.Channel)
	line("genesis\t%s\t(compare it with your own copy)", r.Genesis)
	line("blocks\t%d\thashes and orderers' signatures checked", r.Blocks)
	c := r.Transactions
	line("transactions\t%d\t%d valid, %d rightly flagged invalid, %d run again through the contracts", c.All, c.Valid, c.Invalid, c.Replayed)
	if b := r.Bitcoin; b != nil {
		line("bitcoin\t%d headers\tup to %d %s; %d payments and %d final heights lie on that chain", b.Headers, b.Height, b.Tip, b.Payments, b.Followed)
	}
	if r.Books != nil {
		r.Books.print(line)
	}
	for _, f := range r.Findings {
		line("WRONG\t%s", f.Error())
	}
	if r.OK {
		line("verdict\tthe copy is whole and the books agree")
	} else {
		line("verdict\tthe copy is NOT in order")
	}
	return w.Flush()
}

func (b *Books) print(line func(string, ...any)) {
	line("uses\tsold %d = used %d + open %d", b.Uses.Sold, b.Uses.Used, b.Uses.Open)
	m := b.Money
	line("satoshi\tpaid %d = commission %d + contributors %d + residual %d + not split %d", m.Paid, m.Commission, m.Contributors, m.Residual, m.Unsplit)
	for _, s := range b.Sales {
		line("sale\t%s\tprice %d, paid %d, settled by %s", s.Order, s.Price, s.Paid, s.Settled)
		for _, p := range s.Outputs {
			line("  output\t%s:%d\t%d in block %d %s", p.TxID, p.Vout, p.Amount, p.Height, p.Block)
		}
		for _, l := range s.Licenses {
			line("  license\t%s", l)
		}
	}
	for _, p := range b.Payees {
		line("payee\t%s\t%d", p.Payee, p.Amount)
		for _, e := range p.Entries {
			line("  %s\torder %s item %d\t%d by %s", e.Role, e.Order, e.Item, e.Amount, e.Tx)
		}
	}
}
