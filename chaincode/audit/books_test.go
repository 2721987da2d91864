package audit

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
)

func id(seed string) string { return ledger.Hash("guildmark/test/1", seed) }

const (
	market = "OperatorMSP.00000000000000aa"
	author = "LicensorsMSP.00000000000000bb"
)

// sold is a ledger after one sale of three uses for 10,000 satoshi, paid with 10,500, two uses made.
func sold(t *testing.T) *replay.Memory {
	t.Helper()
	m := &replay.Memory{}
	put := func(key string, v any) {
		m.Apply([]replay.Write{{Key: key, Value: ledger.Encode(v)}}, replay.Version{Block: 1})
	}
	o, l, block := id("order"), license.ID(id("order"), "0"), regtest(t)[0]
	put(order.Key(o), order.Order{
		ID: o, Price: 10_000,
		Items: []order.Item{{Custodians: []string{}, Split: royalty.Terms{Contributors: []royalty.Contributor{}}}},
	})
	put(order.PaymentKey(id("tx"), 1), order.Payment{
		TxID: id("tx"), Vout: 1, Order: o, Amount: 10_500,
		Height: 1, Block: block,
	})
	put(order.SettlementKey(o), order.Settlement{Order: o, Paid: 10_500, Licenses: []string{l}, TxID: "fabric-tx"})
	put(license.Key(l), license.License{
		ID: l, Machine: id("machine"), Dataset: id("dataset"),
		Custodians: []string{}, Model: offer.Model{Kind: "uses", Uses: 3}, Terms: id("terms"),
	})
	put(grant.ReceiptKey(l, 1), grant.Receipt{License: l, Count: 1})
	put(grant.ReceiptKey(l, 2), grant.Receipt{License: l, Count: 2})
	put(royalty.AccrualKey(market, 5, o, 0, royalty.RoleCommission),
		royalty.Accrual{Payee: market, Epoch: 5, Order: o, Role: royalty.RoleCommission, Amount: 3_000})
	put(royalty.AccrualKey(author, 5, o, 0, royalty.RoleContributor),
		royalty.Accrual{Payee: author, Epoch: 5, Order: o, Role: royalty.RoleContributor, Amount: 7_000})
	start, err := spv.Genesis("regtest")
	if err != nil {
		t.Fatal(err)
	}
	put(consortium.ConfigKey(1), consortium.Config{
		Version: 1, Partners: []consortium.Partner{}, Roles: []consortium.RoleHomes{},
		Bitcoin: consortium.Bitcoin{Network: "regtest", Checkpoint: start.String(), FinalDepth: 2, Attestations: 2},
	})
	m.Apply([]replay.Write{
		{Key: consortium.ConfigInForceKey(), Value: []byte("1")},
		{Key: spv.FinalKey(1), Value: []byte(block)},
	}, replay.Version{Block: 1})
	return m
}

// regtest gives the hash of a block on top of regtest's genesis, and its header.
func regtest(t *testing.T) [2]string {
	t.Helper()
	start, err := spv.Genesis("regtest")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := spv.RulesFor("regtest", 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	var raw [spv.HeaderSize]byte
	raw[0] = 4
	copy(raw[4:], start.Hash[:])
	at := start.Time + 600
	for i := range 4 {
		raw[68+i], raw[72+i] = byte(at>>(8*i)), byte(start.Bits>>(8*i))
	}
	for nonce := range 64 { // on regtest every second hash will do
		raw[76] = byte(nonce)
		if r, err := spv.Accept(&start, &raw, &rules, anyTime); err == nil {
			return [2]string{r.Hash.String(), hexOf(raw[:])}
		}
	}
	t.Fatal("no header found")
	return [2]string{}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

func audited(t *testing.T, m *replay.Memory, headers []string) (Report, error) {
	t.Helper()
	r := &run{config: Config{Chaincode: "guildmark"}, acts: acts{}, state: state{"guildmark": m}}
	r.report.Blocks = 2
	if headers != nil {
		doc, err := json.Marshal(HeaderFile{Network: "regtest", Start: 1, Headers: headers})
		if err != nil {
			t.Fatal(err)
		}
		r.config.Headers = doc
	}
	err := r.books()
	return r.report, err
}

func TestBooksAgree(t *testing.T) {
	r, err := audited(t, sold(t), []string{regtest(t)[1]})
	if err != nil {
		t.Fatal(err)
	}
	if r.Books.Uses != (Uses{Sold: 3, Used: 2, Open: 1}) {
		t.Errorf("uses %+v", r.Books.Uses)
	}
	if r.Books.Money != (Money{Paid: 10_500, Commission: 3_000, Contributors: 7_000, Unsplit: 500}) {
		t.Errorf("money %+v", r.Books.Money)
	}
	if len(r.Books.Payees) != 2 || r.Books.Payees[0].Payee != author || r.Books.Payees[0].Amount != 7_000 ||
		r.Books.Payees[1].Entries[0].Tx != "fabric-tx" {
		t.Errorf("payees %+v", r.Books.Payees)
	}
	if r.Bitcoin == nil || r.Bitcoin.Payments != 1 || r.Bitcoin.Followed != 1 || r.Bitcoin.Height != 1 {
		t.Errorf("bitcoin %+v", r.Bitcoin)
	}
}

// Who buys the same again gets a license with a meter of its own, which counts from 1 again: both count.
func TestUsesOfTheSameBoughtTwice(t *testing.T) {
	m := sold(t)
	again := license.ID(id("order again"), "0")
	put := func(key string, v any) {
		m.Apply([]replay.Write{{Key: key, Value: ledger.Encode(v)}}, replay.Version{Block: 2})
	}
	l := license.License{
		ID: again, Machine: id("machine"), Dataset: id("dataset"), Custodians: []string{},
		Model: offer.Model{Kind: "uses", Uses: 3}, Terms: id("terms"),
	}
	put(license.Key(again), l)
	put(grant.ReceiptKey(again, 1), grant.Receipt{License: again, Count: 1})
	r, err := audited(t, m, nil)
	if err != nil || r.Books.Uses != (Uses{Sold: 6, Used: 3, Open: 3}) {
		t.Errorf("got %+v, %v, want 6 sold, 3 used", r.Books.Uses, err)
	}
	put(grant.ReceiptKey(again, 4), grant.Receipt{License: again, Count: 4})
	if _, err := audited(t, m, nil); err == nil {
		t.Error("four uses of a license for three, while another has one open: want a finding")
	}
}

func TestBooksThatDoNotAgree(t *testing.T) {
	o, l := id("order"), license.ID(id("order"), "0")
	acc := royalty.AccrualKey(author, 5, o, 0, royalty.RoleContributor)
	tests := []struct {
		name    string
		key     string
		value   any // nil deletes
		headers []string
		want    string // "" = ErrHeaders
	}{
		{"a satoshi too much", acc, royalty.Accrual{
			Payee: author, Order: o, Role: royalty.RoleContributor,
			Amount: 7_001,
		}, nil, CheckBooks},
		{"an accrual missing", acc, nil, nil, CheckBooks},
		{
			"an accrual of no sale", royalty.AccrualKey(author, 5, id("other"), 0, royalty.RoleContributor),
			royalty.Accrual{Payee: author, Order: id("other"), Role: royalty.RoleContributor, Amount: 1},
			nil,
			CheckBooks,
		},
		{
			"settled for too little", order.PaymentKey(id("tx"), 1),
			order.Payment{TxID: id("tx"), Vout: 1, Order: o, Amount: 9_999},
			nil, CheckBooks,
		},
		{"split without a settlement", order.SettlementKey(o), nil, nil, CheckBooks},
		{"more uses than sold", grant.ReceiptKey(l, 4), grant.Receipt{License: l, Count: 4}, nil, CheckBooks},
		{
			"a payment in another block", order.PaymentKey(id("tx"), 1),
			order.Payment{TxID: id("tx"), Vout: 1, Order: o, Amount: 10_500, Height: 1, Block: id("block")},
			[]string{regtest(t)[1]},
			CheckPayment,
		},
		{
			"a height held for final in another block", spv.FinalKey(1), []byte(id("block")),
			[]string{regtest(t)[1]},
			CheckPayment,
		},
		{"headers that end before the payment", "", nil, []string{}, ""},
		{
			"headers that end before the last final height", spv.FinalKey(2), []byte(id("block")),
			[]string{regtest(t)[1]},
			"",
		},
		{"headers without work", "", nil, []string{strings.Repeat("0", 160)}, CheckHeaders},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := sold(t)
			if tt.key != "" {
				w := replay.Write{Key: tt.key, Delete: tt.value == nil}
				if raw, ok := tt.value.([]byte); ok {
					w.Value = raw
				} else if tt.value != nil {
					w.Value = ledger.Encode(tt.value)
				}
				m.Apply([]replay.Write{w}, replay.Version{Block: 2})
			}
			_, err := audited(t, m, tt.headers)
			var f *Finding
			if tt.want == "" {
				if !errors.Is(err, ErrHeaders) || errors.As(err, &f) {
					t.Errorf("got %v, want %v", err, ErrHeaders)
				}
				return
			}
			if !errors.As(err, &f) || f.Check != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
