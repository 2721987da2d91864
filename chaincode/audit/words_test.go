package audit

import (
	"errors"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// called is a transaction of a function, with what it read.
func called(set *kvrwset.KVRWSet, function string, args ...string) *transaction {
	t := &transaction{
		channel: &common.ChannelHeader{TxId: function}, chaincode: "guildmark",
		args: [][]byte{[]byte(function)},
	}
	for _, a := range args {
		t.args = append(t.args, []byte(a))
	}
	t.sets = []nsSet{{name: "guildmark", kv: set}}
	return t
}

// Why a rightly invalid transaction changed nothing.
func TestInvalidTransactionsAreExplained(t *testing.T) {
	m := &replay.Memory{}
	m.Apply([]replay.Write{{Key: "tip", Value: []byte("1")}}, replay.Version{Block: 2})
	m.Apply([]replay.Write{{Key: "f/1", Value: []byte("x")}}, replay.Version{Block: 3})
	winners := acts{
		{Block: 2}: newAct(called(nil, "bitcoin:SubmitHeaders", "headers"), "oracle.operator", 2),
		{Block: 3}: newAct(called(nil, "bitcoin:Attest"), "oracle.operator", 3),
	}
	tip := &kvrwset.KVRWSet{Reads: []*kvrwset.KVRead{{Key: "tip", Version: version(1, 0)}}}
	final := &kvrwset.KVRWSet{RangeQueriesInfo: []*kvrwset.RangeQueryInfo{{
		StartKey: "f/", EndKey: "f0", ItrExhausted: true,
		ReadsInfo: &kvrwset.RangeQueryInfo_RawReads{RawReads: &kvrwset.QueryReads{}},
	}}}
	gone := &kvrwset.KVRWSet{Reads: []*kvrwset.KVRead{{Key: "deleted", Version: version(1, 0)}}}
	const conflict, phantom = peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT
	tests := []struct {
		name   string
		t      *transaction
		flag   peer.TxValidationCode
		reason string
		why    string
	}{
		{
			"the same headers", called(tip, "bitcoin:SubmitHeaders", "headers"), conflict, ReasonSame,
			"another writer had just sent the same",
		},
		{
			"other headers", called(tip, "bitcoin:SubmitHeaders", "more"), conflict, ReasonOvertook,
			"another one had just changed what it read",
		},
		{
			"another function", called(tip, "orders:Settle", "x"), conflict, ReasonOvertook,
			"bitcoin:SubmitHeaders had just changed what it read",
		},
		{
			"a range that grew", called(final, "orders:Settle", "x"), phantom, ReasonOvertook,
			"bitcoin:Attest had just changed what it read",
		},
		{
			"a key that is gone", called(gone, "orders:Settle", "x"), conflict, ReasonOvertook,
			"what it had read was changed",
		},
		{
			"a policy", called(tip, "orders:Place"), peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE,
			ReasonPolicy, "its endorsements do not satisfy the policy",
		},
		{
			"twice", called(tip, "orders:Place"), peer.TxValidationCode_DUPLICATE_TXID, ReasonRepeated,
			"its id had been used",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &run{state: state{"guildmark": m}, acts: winners}
			for _, writer := range []string{"oracle.operator", "oracle.manufacturer", "oracle.manufacturer"} {
				r.reject(tt.t, writer, tt.flag)
			}
			if len(r.report.Invalid) != 1 {
				t.Fatalf("got %+v, want one group", r.report.Invalid)
			}
			got := r.report.Invalid[0]
			if got.Reason != tt.reason || got.why() != tt.why || got.Count != 3 ||
				got.whose() != "2 by oracle.manufacturer, 1 by oracle.operator" {
				t.Errorf("got %+v: %s (%s), want %s: %s", got, got.why(), got.whose(), tt.reason, tt.why)
			}
		})
	}
}

// named is the sale of sold, with the names that a real ledger has and the transactions that wrote it.
func named(t *testing.T) (*run, *replay.Memory) {
	t.Helper()
	m := sold(t)
	put := func(key string, v any) {
		m.Apply([]replay.Write{{Key: key, Value: ledger.Encode(v)}}, replay.Version{Block: 1})
	}
	o := id("order")
	put(order.Key(o), order.Order{
		ID: o, Price: 10_000,
		Items: []order.Item{{Dataset: id("dataset"), Version: 1, Custodians: []string{}}},
	})
	l := license.License{
		ID: license.ID(o, "0"), Order: o, Machine: id("machine"), Dataset: id("dataset"),
		Version: 1, Buyer: market, Custodians: []string{}, Model: offer.Model{Kind: "uses", Uses: 3},
		Terms: id("terms"),
	}
	put(license.Key(l.ID), l)
	put(party.RecordKey(author), party.Party{ID: author, Roles: []string{}, Keys: []party.Key{{Name: "licensor1"}}})
	put(dataset.ManifestKey(id("dataset"), 1),
		dataset.Manifest{
			Dataset: id("dataset"), Version: 1, Custodians: []string{}, Title: "Sunrise\x1b[31m",
			Commitments: []dataset.Commitment{},
		})
	put(consortium.ConfigKey(1), consortium.Config{
		Version: 1, Roles: []consortium.RoleHomes{},
		Partners: []consortium.Partner{
			{MSP: "LicensorsMSP", Name: "licensors"},
			{MSP: "OperatorMSP", Name: "operator"},
		},
	})
	settle := newAct(called(nil, "orders:Settle"), "oracle.operator", 1)
	settle.Endorsers = []string{"LicensorsMSP", "OperatorMSP"}
	r := &run{config: Config{Chaincode: "guildmark"}, state: state{"guildmark": m}, acts: acts{{Block: 1}: settle}}
	r.report = Report{
		OK: true, Blocks: 2, Channel: "guildmark",
		Transactions: Counts{All: 5, Valid: 3, Invalid: 2, Replayed: 1, Configurations: 2},
	}
	r.report.Invalid = []Invalid{{
		Reason: ReasonSame, Function: "governance:Tick", Count: 2,
		Writers: map[string]int{"heartbeat.auditor": 2},
	}}
	return r, m
}

func printed(t *testing.T, r Report) string {
	t.Helper()
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// inOrder demands that a text has these parts, one after the other.
func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			t.Fatalf("%q is missing, or not after the one before, in\n%s", p, text)
		}
		rest = after
	}
}

func TestReportIsForPeople(t *testing.T) {
	r, _ := named(t)
	if err := r.books(); err != nil {
		t.Fatal(err)
	}
	text := printed(t, r.report)
	inOrder(t, text,
		"verdict", "the copy is whole", "uses", "3 sold = 2 used + 1 open", "satoshi",
		"10,500 paid = 3,000 commission",
		"transactions", "5: 3 valid, 2 invalid", "1 run again through the contracts",
		"2 channel configurations, Fabric's own",
		"2 governance:Tick: another writer had just sent the same (2 by heartbeat.auditor)",
		"sale", "order "+id("order")[:12]+`, "Sunrise\x1b[31m": price 10,000 sat, paid 10,500 sat`,
		"10,500 sat in Bitcoin block 1",
		"by oracle.operator, signed by licensors, operator", "payee", "licensor1 of licensors: 7,000 sat",
		"00000000000000aa of operator: 3,000 sat")
	if strings.Contains(text, id("order")) || strings.Contains(text, "\x1b") {
		t.Errorf("a whole id, or a licensor's control character, in\n%s", text)
	}
	r.report.OK, r.report.Findings = false, []*Finding{inBlock(CheckData, 1, "x")}
	inOrder(t, printed(t, r.report), "verdict", "NOT in order", "WRONG", "block.data", "uses")
}

// One license from its order to its last receipt, found by the beginning of its id.
func TestOneLicense(t *testing.T) {
	l := license.ID(id("order"), "0")
	r, m := named(t)
	r.config.License = strings.ToUpper(l[:6])
	if err := r.books(); err != nil {
		t.Fatal(err)
	}
	v := r.report.License
	if v == nil || v.License != l || v.Price != 10_000 || v.Paid != 10_500 ||
		v.Uses != (Uses{Sold: 3, Used: 2, Open: 1}) ||
		len(v.Payments) != 1 || len(v.Receipts) != 2 || len(v.Split) != 2 || v.Settled.Writer != "oracle.operator" {
		t.Errorf("got %+v", v)
	}
	text := printed(t, r.report)
	inOrder(t, text, "license", l[:12], "uses", "3 sold = 2 used", "price 10,000 sat, paid 10,500 sat",
		"settled", "signed by licensors, operator", "3,000 sat to", "receipt", "use 2 of")
	if strings.Contains(text, "payee") {
		t.Errorf("all books beside the one license:\n%s", text)
	}
	second := license.License{ID: l[:6] + strings.Repeat("0", 58), Custodians: []string{}}
	m.Apply([]replay.Write{{Key: license.Key(second.ID), Value: ledger.Encode(second)}}, replay.Version{Block: 2})
	for _, asked := range []string{l[:6], id("another")} {
		r.config.License = asked
		if err := r.books(); !errors.Is(err, ErrLicense) {
			t.Errorf("%s: got %v, want %v", asked, err, ErrLicense)
		}
	}
}

func TestEmptyExportIsRefused(t *testing.T) {
	if err := (HeaderFile{Network: "regtest", Start: 1}).Check(); !errors.Is(err, ErrHeaders) ||
		!strings.Contains(err.Error(), "ends at height 0") {
		t.Errorf("got %v, want %v", err, ErrHeaders)
	}
	if err := (HeaderFile{Start: 1, Headers: []string{"00"}}).Check(); err != nil {
		t.Error(err)
	}
}
