package contract_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

func TestSale(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 10_001))
	r := decodeAs[order.SettleResult](s.world, s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1)))
	if r.State != order.Paid || len(r.Licenses) != 1 || len(r.Credited) != 1 {
		t.Fatalf("got %+v", r)
	}
	l := read[license.License](s.world, s.buyer, "licenses:Get", r.Licenses[0])
	if l.Machine != s.machine.ID || l.Model.Uses != 3 || l.Manifest != ledger.Digest(ledger.Encode(s.manifest)) ||
		l.Terms != license.TermsHash(l.Dataset, 1, l.Model) {
		t.Errorf("got %+v", l)
	}
	if list := read[[]license.License](s.world, s.buyer, "licenses:OfMachine", s.machine.ID); len(list) != 1 ||
		list[0].ID != l.ID {
		t.Errorf("got %+v", list)
	}
	total, payees := ledger.Satoshi(0), []string{replaytest.Market, licensors + ".00000000000000aa", licensors +
		".00000000000000bb"}
	for i, want := range []ledger.Satoshi{3_000, 4_667, 2_333} {
		balance := read[royalty.Balance](s.world, s.buyer, "royalties:Balance", payees[i])
		list := read[[]royalty.Accrual](s.world, s.buyer, "royalties:Accruals", payees[i])
		if d := balance.Amount - want; d < 0 || d > 1 || len(list) != 1 || list[0].Amount != balance.Amount ||
			list[0].Block != b.hash() {
			t.Errorf("%s: got %+v, want %d or one more", payees[i], balance, want)
		}
		total += balance.Amount
	}
	if total != 10_001 {
		t.Errorf("accruals sum to %d", total)
	}
	s.Refused(order.ErrKnown, s.oracles[manufacturer], "orders:Settle", s.settlement(o, b, 1))

	a := read[signed.Answer](s.world, s.buyer, "licenses:Sign", l.ID, nonce(2))
	body := decodeAs[signed.LicenseBody](s.world, string(a.Body))
	if a.Tag != signed.TagLicense || a.Lease != a.Clock+86_400 || a.Tip.Height != b.height+1 ||
		body.State != signed.StateActive ||
		len(body.Paid) != 1 || body.Paid[0].Amount != 10_001 || doc(body.License) != doc(l) ||
		doc(body.Machine) != doc(s.machine) {
		t.Errorf("got %+v, %+v", a, body)
	}

	// more money for a paid order is a fact, and changes nothing else
	before := len(s.State.Keys())
	more := s.confirm(s.miner, outputs(o.Script, 500))
	added := len(s.State.Keys()) - before
	r = decodeAs[order.SettleResult](s.world, s.Must(s.buyer, "orders:Settle", s.settlement(o, more, 1)))
	if v := s.view(o); v.Paid != 10_501 || v.State != order.Paid || len(v.Licenses) != 1 || len(r.Licenses) != 0 {
		t.Errorf("got %+v after %+v", v, r)
	}
	if got := len(s.State.Keys()) - before - added; got != 2 {
		t.Errorf("surplus wrote %d keys, want pay/ and credit/", got)
	}
}

func TestPartialPayments(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 4_000, 1_000), outputs(o.Script, 5_001))
	r := decodeAs[order.SettleResult](s.world, s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1)))
	if r.State != order.Partial || len(r.Credited) != 2 || len(r.Licenses) != 0 {
		t.Errorf("got %+v", r)
	}
	r = decodeAs[order.SettleResult](s.world, s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 2)))
	if v := s.view(o); r.State != order.Paid || v.Paid != 10_001 || len(v.Payments) != 3 || len(v.Licenses) != 1 {
		t.Errorf("got %+v", v)
	}
}

func TestSettleRefuses(t *testing.T) {
	s := newSale(newWorld(t))
	o, other := s.place("k"), s.place("other")
	b := s.miner.mine(outputs(o.Script, 10_001), outputs(other.Script, 10_001))
	s.Refused(spv.ErrNotFinal, s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	s.submit(b)
	s.Refused(spv.ErrNotFinal, s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	s.submit(s.miner.mine())
	s.Refused(spv.ErrNotFinal, s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	height := strconv.FormatUint(uint64(b.height), 10)
	s.Must(s.oracles[operator], "bitcoin:Attest", height, b.hash())
	// T22: one alone settles nothing
	s.Refused(spv.ErrNotFinal, s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	s.Must(s.oracles[manufacturer], "bitcoin:Attest", height, b.hash())

	s.Refused(order.ErrOtherScript, s.oracles[operator], "orders:Settle", s.settlement(o, b, 2))
	s.Refused(order.ErrUnknown, s.oracles[operator], "orders:Settle", s.settlement(order.Order{ID: nonce(1)}, b, 1))
	elsewhere := b
	elsewhere.header.Nonce++
	s.Refused(spv.ErrOtherFinal, s.oracles[operator], "orders:Settle", s.settlement(o, elsewhere, 1))
	broken := b
	broken.txs = slices.Clone(b.txs)
	broken.txs[2] = outputs(other.Script, 10_002)
	s.Refused(spv.ErrCoinbaseRoot, s.oracles[operator], "orders:Settle", s.settlement(o, broken, 1))
	s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	s.Must(s.oracles[operator], "orders:Settle", s.settlement(other, b, 2))
	if a, b := s.view(o), s.view(other); a.State != order.Paid || b.State != order.Paid ||
		a.Payments[0].TxID == b.Payments[0].TxID {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestPaidAfterExpiry(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 10_001))
	s.epochs(5)
	if v := s.view(o); v.State != order.Open {
		t.Errorf("in the last epoch: got %s", v.State)
	}
	s.epochs(1)
	if v := s.view(o); v.State != order.Expired {
		t.Errorf("after expiry: got %s", v.State)
	}
	r := decodeAs[order.SettleResult](s.world, s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1)))
	if v := s.view(o); r.State != order.Late || v.State != order.Late || v.Paid != 10_001 || len(v.Licenses) != 0 {
		t.Errorf("got %+v, %+v", r, v)
	}
	if list := read[[]license.License](s.world, s.buyer, "licenses:OfMachine", s.machine.ID); len(list) != 0 {
		t.Errorf("a late payment made a license: %+v", list)
	}
	s.Refused(order.ErrKnown, s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
}

// TestHeldBackWriteDiesWithItsEpoch: T8.
func TestHeldBackWriteDiesWithItsEpoch(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 10_001))
	held := s.Simulate(s.buyer, "orders:Settle", s.settlement(o, b, 1))
	placed := s.Simulate(s.buyer, "orders:Place", doc(s.request("held")))
	s.Tick(60e9)
	if err := s.Commit(held); err != nil {
		t.Fatalf("a tick inside the epoch: %v", err)
	}
	s.epochs(1)
	if err := s.Commit(placed); err == nil {
		t.Error("an order endorsed in the last epoch was committed")
	}
}

// TestWritesDoNotReadWhatOthersWrite: two buyers' writes in one block don't conflict, nor with headers and
// ticks (T24).
func TestWritesDoNotReadWhatOthersWrite(t *testing.T) {
	s := newSale(newWorld(t))
	second, _ := s.newMachine(8)
	s.Must(s.registrar, "machines:Register", doc(second))
	a, b := s.place("a"), s.place("b")
	blk := s.confirm(s.miner, outputs(a.Script, 10_001), outputs(b.Script, 10_001))
	request := s.request("c")
	request.Machine = second.ID
	results := []struct {
		by             *replaytest.Caller
		function, args string
	}{
		{s.oracles[operator], "orders:Settle", s.settlement(a, blk, 1)},
		{s.oracles[manufacturer], "orders:Settle", s.settlement(b, blk, 2)},
		{s.buyer, "orders:Place", doc(s.request("d"))},
		{s.buyer, "orders:Place", doc(request)},
		{s.oracles[operator], "bitcoin:SubmitHeaders", doc([]string{s.miner.mine().hex(s.world)})},
		{s.Heartbeat, "governance:Tick", strconv.FormatInt(s.Now.Unix()+1, 10)},
	}
	for i, r := range results {
		res := s.Simulate(r.by, r.function, r.args)
		defer func() {
			if err := s.Commit(res); err != nil {
				t.Errorf("transaction %d, %s: %v", i, r.function, err)
			}
		}()
		for _, read := range res.Reads {
			if read.Key == consortium.ClockKey() && r.function != "governance:Tick" ||
				read.Key == spv.TipKey() && r.function != "bitcoin:SubmitHeaders" {
				t.Errorf("%s reads %s", r.function, read.Key)
			}
		}
	}
}

// TestReadsAndWrites counts what the hot functions cost.
func TestReadsAndWrites(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 10_001))
	place := s.Simulate(s.buyer, "orders:Place", doc(s.request("next")))
	settle := s.Simulate(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	licenses := read[[]license.License](s.world, s.buyer, "licenses:OfMachine", s.machine.ID)
	signing := s.Simulate(s.buyer, "licenses:Sign", licenses[0].ID, nonce(1))
	headers := s.Simulate(s.oracles[operator], "bitcoin:SubmitHeaders", doc([]string{s.miner.mine().hex(s.world)}))
	for _, c := range []struct {
		name                          string
		reads, ranges, writes         int
		gotReads, gotRanges, gotWrite int
	}{
		{"place", 10, 0, 3, len(place.Reads), len(place.Ranges), len(place.Writes)},
		{"settle", 9, 1, 8, len(settle.Reads), len(settle.Ranges), len(settle.Writes)},
		{"sign", 11, 1, 0, len(signing.Reads), len(signing.Ranges), len(signing.Writes)},
		{"headers", 6, 0, 3, len(headers.Reads), len(headers.Ranges), len(headers.Writes)},
	} {
		if c.reads != c.gotReads || c.ranges != c.gotRanges || c.writes != c.gotWrite {
			t.Errorf("%s: got %d reads, %d ranges, %d writes, want %d, %d, %d", c.name, c.gotReads, c.gotRanges,
				c.gotWrite, c.reads, c.ranges, c.writes)
		}
	}
}
