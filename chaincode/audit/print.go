package audit

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/guildmark/guildmark/chaincode/command"
)

// printer writes lines of a name and columns.
type printer struct{ *tabwriter.Writer }

func (p printer) line(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...) //nolint:errcheck // Flush tells
}

// Print writes the report for a person: the verdict and the two sums first, ids shortened. The report's JSON
// has them whole.
func (r Report) Print(out io.Writer) error {
	p := printer{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	if r.OK {
		p.line("verdict\tthe copy is whole and the books agree")
	} else {
		p.line("verdict\tthe copy is NOT in order")
	}
	for _, f := range r.Findings {
		p.line("WRONG\t%s", f.Error())
	}
	if b := r.Books; b != nil {
		p.line("uses\t%s sold = %s used + %s open", command.Number(b.Uses.Sold), command.Number(b.Uses.Used),
			command.Number(b.Uses.Open))
		m := b.Money
		p.line("satoshi\t%s paid = %s commission + %s contributors + %s residual + %s not split",
			amount(m.Paid), amount(m.Commission), amount(m.Contributors), amount(m.Residual), amount(m.Unsplit))
	}
	p.line("")
	p.line("channel\t%s", r.Channel)
	p.line("genesis\t%s (compare it with your own copy)", r.Genesis)
	p.line("blocks\t%s, hashes and orderers' signatures checked", number(int(r.Blocks))) //nolint:gosec // G115: below 2^63
	r.transactions(p)
	if b := r.Bitcoin; b != nil {
		p.line("bitcoin\t%s up to height %s; on that chain lie all payments (%s) and all heights that the "+
			"ledger holds for final (%s)",
			command.Count(b.Headers, "header"), number(int(b.Height)), number(b.Payments), number(b.Followed))
	}
	switch {
	case r.License != nil:
		r.License.print(p)
	case r.Books != nil:
		r.Books.print(p)
	}
	return p.Flush()
}

// transactions says what became of each: which were run again, which are Fabric's own, and why others changed
// nothing.
func (r Report) transactions(p printer) {
	c := r.Transactions
	p.line("transactions\t%s: %s valid, %s invalid", number(c.All), number(c.Valid), number(c.Invalid))
	p.line("  valid\t%s run again through the contracts", number(c.Replayed))
	for _, part := range []struct {
		n        int
		one, was string
	}{
		{c.Configurations, "channel configuration", ", Fabric's own"},
		{c.Definitions, "step", " of defining chaincode, Fabric's own"},
		{c.Others, "transaction", " of other chaincodes"},
	} {
		if part.n > 0 {
			p.line("\t%s%s", command.Count(part.n, part.one), part.was)
		}
	}
	for i, v := range r.Invalid {
		label := ""
		if i == 0 {
			label = "  invalid"
		}
		p.line("%s\t%s %s: %s (%s)", label, number(v.Count), v.Function, v.why(), v.whose())
	}
	if c.Invalid > 0 {
		p.line("\tinvalid transactions changed nothing; each stored flag was recomputed and is right")
	}
}

func (b *Books) print(p printer) {
	for _, s := range b.Sales {
		p.line("")
		p.line("sale\torder %s, %s: price %s, paid %s", command.ID(s.Order), quoted(s.Titles),
			command.Sat(s.Price), command.Sat(s.Paid))
		for _, o := range s.Outputs {
			p.line("  output\t%s:%d, %s in Bitcoin block %s", command.ID(o.TxID), o.Vout,
				command.Sat(o.Amount), number(int(o.Height)))
		}
		if a := s.By; a != nil {
			p.line("  settled\t%s", b.names.act(a))
		} else if s.Settled == "" {
			p.line("  settled\tnot yet")
		}
		for _, l := range s.Licenses {
			p.line("  license\t%s", command.ID(l))
		}
	}
	for _, payee := range b.Payees {
		p.line("")
		p.line("payee\t%s: %s", payee.Name, command.Sat(payee.Amount))
		for _, e := range payee.Entries {
			p.line("  %s\t%s of order %s, item %d", e.Role, command.Sat(e.Amount), command.ID(e.Order), e.Item)
		}
	}
}

func (v *Licensed) print(p printer) {
	n := v.names
	p.line("")
	p.line("license\t%s for %s, version %d", command.ID(v.License), quoted([]string{v.Title}), v.Version)
	p.line("  machine\t%s of %s", command.ID(v.Machine), n.party(v.Buyer))
	p.line("  uses\t%s sold = %s used + %s open", command.Number(v.Uses.Sold), command.Number(v.Uses.Used),
		command.Number(v.Uses.Open))
	p.line("  order\t%s: price %s, paid %s", command.ID(v.Order), command.Sat(v.Price), command.Sat(v.Paid))
	p.line("  ordered\t%s", n.act(v.Ordered))
	for _, o := range v.Payments {
		p.line("  output\t%s:%d, %s in Bitcoin block %s", command.ID(o.TxID), o.Vout, command.Sat(o.Amount),
			number(int(o.Height)))
		p.line("    credited\t%s", n.act(o.By))
	}
	p.line("  settled\t%s", n.act(v.Settled))
	for _, e := range v.Split {
		p.line("    %s\t%s to %s", e.Role, command.Sat(e.Amount), n.party(e.Payee))
	}
	for _, g := range v.Grants {
		p.line("  grant %d\tup to %s uses; %s", g.Number, command.Number(g.Limit), n.act(g.By))
		for _, msp := range slices.Sorted(maps.Keys(g.Answers)) {
			p.line("    answered\t%s", n.act(g.Answers[msp]))
		}
	}
	for _, c := range v.Receipts {
		p.line("  receipt\tuse %s of %s; %s", command.Number(c.Count), command.Number(c.Limit), n.act(c.By))
	}
}

// act says when, where and by whom something was written, and whose peers signed it.
func (n names) act(a *Act) string {
	if a == nil {
		return "not on the ledger"
	}
	block := number(int(a.Block)) //nolint:gosec // G115: below 2^63
	return fmt.Sprintf("%s, block %s, by %s, signed by %s", command.Moment(a.Time), block, a.Writer,
		n.allPartners(a.Endorsers))
}

// quoted shows titles, which their licensors wrote, so that no terminal obeys them.
func quoted(titles []string) string {
	out := make([]string, 0, len(titles))
	for _, t := range titles {
		out = append(out, fmt.Sprintf("%q", t))
	}
	return strings.Join(out, ", ")
}
