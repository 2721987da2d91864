package contract_test

import (
	"strconv"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

func TestHeaders(t *testing.T) {
	s := newSale(newWorld(t))
	s.Refused(spv.ErrStarted, s.oracles[manufacturer], "bitcoin:Start")
	one, two, three := s.miner.mine(), s.miner.mine(), s.miner.mine()
	s.Refused(spv.ErrUnknownParent, s.oracles[operator], "bitcoin:SubmitHeaders", doc([]string{two.hex(s.world)}))
	got := decodeAs[spv.Submitted](s.world,
		s.Must(s.oracles[operator], "bitcoin:SubmitHeaders", doc([]string{one.hex(s.world), two.hex(s.world)})))
	if got.Height != 2 || got.Hash != two.hash() || got.Added != 2 {
		t.Errorf("got %+v", got)
	}
	s.Refused(spv.ErrNothingNew, s.oracles[operator], "bitcoin:SubmitHeaders", doc([]string{one.hex(s.world)}))
	bad := three
	for bad.header.BlockHash()[31]&0x80 == 0 {
		bad.header.Nonce++
	}
	s.Refused(spv.ErrWork, s.oracles[operator], "bitcoin:SubmitHeaders", doc([]string{bad.hex(s.world)}))
	s.Refused(spv.ErrHeader, s.oracles[operator], "bitcoin:SubmitHeaders", doc([]string{three.hex(s.world)[2:]}))
	s.Refused(spv.ErrTooMany, s.oracles[operator], "bitcoin:SubmitHeaders", "[]")
	s.Refused(spv.ErrTooMany, s.oracles[operator], "bitcoin:SubmitHeaders", doc(make([]string, 501)))

	if tip := read[spv.TipView](s.world, s.buyer, "bitcoin:Tip"); tip.Height != 2 || tip.Hash != two.hash() {
		t.Errorf("got %+v", tip)
	}
	h := read[spv.HeaderView](s.world, s.buyer, "bitcoin:Header", one.hash())
	if !h.Active || h.Height != 1 || h.Depth != 2 || h.Merkle != one.header.MerkleRoot.String() {
		t.Errorf("got %+v", h)
	}
	if got := s.Must(s.buyer, "bitcoin:Locate", "2"); got != two.hash() {
		t.Errorf("got %s", got)
	}
	s.Refused(spv.ErrUnknownBlock, s.buyer, "bitcoin:Locate", "3")
	s.Refused(spv.ErrUnknownBlock, s.buyer, "bitcoin:Header", nonce(1))
	s.Refused(ledger.ErrDecimal, s.buyer, "bitcoin:Locate", "4294967296")
	s.Refused(ledger.ErrDecimal, s.buyer, "bitcoin:Final", "-1")
}

// TestOneAttestationIsNone: T22.
func TestOneAttestationIsNone(t *testing.T) {
	s := newSale(newWorld(t))
	b, top := s.miner.mine(), s.miner.mine()
	s.submit(b)
	s.Refused(spv.ErrNotDeep, s.oracles[operator], "bitcoin:Attest", "1", b.hash())
	s.submit(top)
	s.Refused(spv.ErrNotActive, s.oracles[operator], "bitcoin:Attest", "1", top.hash())
	first := decodeAs[spv.Attested](s.world, s.Must(s.oracles[operator], "bitcoin:Attest", "1", b.hash()))
	f := read[spv.FinalView](s.world, s.buyer, "bitcoin:Final", "1")
	if first.Final || f.Hash != "" || len(f.Attested) != 1 {
		t.Errorf("got %+v, %+v", first, f)
	}
	// a second oracle of the same partner is the same partner
	s.Refused(spv.ErrAttested, replaytest.NewCaller(t, operator, party.Oracle), "bitcoin:Attest", "1", b.hash())
	second := decodeAs[spv.Attested](s.world, s.Must(s.oracles[manufacturer], "bitcoin:Attest", "1", b.hash()))
	f = read[spv.FinalView](s.world, s.buyer, "bitcoin:Final", "1")
	if !second.Final || f.Hash != b.hash() || len(f.Attested) != 2 {
		t.Errorf("got %+v, %+v", second, f)
	}
}

// TestAttestationsInOneBlock: two partners that don't see each other's word can't both be the first.
func TestAttestationsInOneBlock(t *testing.T) {
	s := newSale(newWorld(t))
	b := s.miner.mine()
	s.submit(b, s.miner.mine())
	one := s.Simulate(s.oracles[operator], "bitcoin:Attest", "1", b.hash())
	two := s.Simulate(s.oracles[manufacturer], "bitcoin:Attest", "1", b.hash())
	if err := s.Commit(one); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(two); err == nil {
		t.Error("both counted as the first")
	}
	s.Must(s.oracles[manufacturer], "bitcoin:Attest", "1", b.hash())
	if f := read[spv.FinalView](s.world, s.buyer, "bitcoin:Final", "1"); f.Hash != b.hash() {
		t.Errorf("got %+v", f)
	}
}

func TestContradictionRaisesAlarmAndStopsCredits(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 10_001))
	c := s.miner.mine()
	s.submit(c, s.miner.mine())
	height := strconv.FormatUint(uint64(c.height), 10)
	s.Must(s.oracles[operator], "bitcoin:Attest", height, c.hash())
	got := decodeAs[spv.Attested](s.world, s.Must(s.oracles[manufacturer], "bitcoin:Attest", height, nonce(1)))
	if got.Alarm == "" || got.Final {
		t.Errorf("got %+v", got)
	}
	s.Refused(spv.ErrAlarm, s.oracles[operator], "orders:Settle", s.settlement(o, b, 1))
	s.Refused(spv.ErrAlarm, s.oracles[operator], "bitcoin:Attest", height, c.hash())
	if v := s.view(o); v.State != order.Open {
		t.Errorf("got %s", v.State)
	}
}

// TestReorgDisputes: a final block leaves the chain; the order is disputed, the license suspended, nothing is
// granted.
func TestReorgDisputes(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("k")
	b := s.confirm(s.miner, outputs(o.Script, 10_001))
	r := decodeAs[order.SettleResult](s.world, s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1)))
	fork := s.world.miner()
	fork.extra = 1
	s.submit(fork.mine(), fork.mine(), fork.mine())
	if v := s.view(o); v.State != order.Disputed {
		t.Errorf("got %s", v.State)
	}
	a := read[signed.Answer](s.world, s.buyer, "licenses:Sign", r.Licenses[0], nonce(1))
	if body := decodeAs[signed.LicenseBody](s.world, string(a.Body)); body.State != signed.StateSuspended {
		t.Errorf("got %s", body.State)
	}
	l := read[license.License](s.world, s.buyer, "licenses:Get", r.Licenses[0])
	s.Refused(order.ErrDisputed, s.buyer, "licenses:RecordGrant", doc(s.grantRequest(l, licensors, operator)))
	later := s.place("later")
	s.Refused(spv.ErrAlarm, s.oracles[operator], "orders:Settle", s.settlement(later, b, 1))
}
