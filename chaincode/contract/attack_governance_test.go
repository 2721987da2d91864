package contract_test

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// succeed is the configuration after the world's, edited.
func (w *world) succeed(edit func(*consortium.Config)) consortium.Config {
	next := w.Config
	next.Version, next.Previous = 2, ledger.Digest([]byte(doc(w.Config)))
	edit(&next)
	return next
}

// TestAttackConfigTurnsTheLedgerAround: what a proposal can hide from governors who look at single numbers.
func TestAttackConfigTurnsTheLedgerAround(t *testing.T) {
	w := newWorld(t)
	other, err := w.Descriptor.ForShard(1)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := otherTreasury(t)
	for _, c := range []struct {
		name string
		edit func(*consortium.Config)
	}{
		{
			"epochs of a day: their count stands still for years",
			func(c *consortium.Config) { c.Limits.EpochSeconds = 86_400 },
		},
		{"epochs of a second: every open order ends", func(c *consortium.Config) { c.Limits.EpochSeconds = 1 }},
		{
			"another treasury under the number that orders name",
			func(c *consortium.Config) { c.Treasury.Descriptor = elsewhere },
		},
		{"another treasury under an older number", func(c *consortium.Config) {
			c.Treasury = consortium.Treasury{Version: 0, Descriptor: elsewhere}
		}},
		{"a depth that is 1 in 32 bits", func(c *consortium.Config) { c.Bitcoin.FinalDepth = 1<<32 + 1 }},
		{"one bundle key for two partners", func(c *consortium.Config) {
			c.Partners = append([]consortium.Partner{}, c.Partners...)
			c.Partners[1].BundleKey = c.Partners[0].BundleKey
		}},
		{"a bundle key that reads like another text", func(c *consortium.Config) {
			c.Partners = append([]consortium.Partner{}, c.Partners...)
			c.Partners[1].BundleKey = c.Partners[0].BundleKey + "\n"
		}},
	} {
		t.Run(c.name, func(*testing.T) {
			w.Refused(consortium.ErrConfig, w.Governors[operator], "governance:Propose", doc(w.succeed(c.edit)))
		})
	}
	w.Refused(payment.ErrDescriptor, w.Governors[operator], "governance:Propose",
		doc(w.succeed(func(c *consortium.Config) {
			c.Treasury = consortium.Treasury{Version: 2, Descriptor: other}
		})))
	w.Must(w.Governors[operator], "governance:Propose", doc(w.succeed(func(c *consortium.Config) {
		c.Treasury = consortium.Treasury{Version: 2, Descriptor: elsewhere}
		c.Bitcoin.FinalDepth = 100
	})))
}

// otherTreasury is a descriptor of keys that the world doesn't have.
func otherTreasury(tb testing.TB) string {
	tb.Helper()
	var keys [3]string
	for i := range keys {
		master, err := hdkeychain.NewMaster(bytes.Repeat([]byte{byte(i + 1)}, 32), &chaincfg.RegressionNetParams)
		if err != nil {
			tb.Fatal(err)
		}
		public, err := master.Neuter()
		if err != nil {
			tb.Fatal(err)
		}
		keys[i] = public.String()
	}
	d, err := payment.New(keys, "regtest")
	if err != nil {
		tb.Fatal(err)
	}
	return d.String()
}

// TestAttackApprovals: one partner never counts twice, whatever it signs with; a proposal that another one
// overtook is dead; an approval held back dies with the next one.
func TestAttackApprovals(t *testing.T) {
	w := newWorld(t)
	one := w.Must(w.Governors[operator], "governance:Propose",
		doc(w.succeed(func(c *consortium.Config) { c.Limits.MinPrice = 3_000 })))
	two := w.Must(w.Governors[operator], "governance:Propose",
		doc(w.succeed(func(c *consortium.Config) { c.Limits.MinPrice = 4_000 })))
	w.Must(w.Governors[operator], "governance:Approve", one)
	w.Refused(consortium.ErrApproved, replaytest.NewCaller(t, operator, party.Governor), "governance:Approve", one)
	w.Must(w.Governors[licensors], "governance:Approve", one)
	held := w.Simulate(w.Governors[auditor], "governance:Approve", one)
	late := w.Simulate(w.Governors[manufacturer], "governance:Approve", one)
	for _, m := range []string{operator, licensors, manufacturer} {
		w.Must(w.Governors[m], "governance:Approve", two)
	}
	for _, r := range []replay.Result{held, late} {
		if err := w.Commit(r); err == nil {
			t.Error("an approval of an overtaken proposal was committed")
		}
	}
	w.Refused(consortium.ErrVersion, w.Governors[auditor], "governance:Approve", one)
	if c := read[consortium.Config](w, w.buyer, "governance:Config", ""); c.Limits.MinPrice != 4_000 {
		t.Errorf("got %s", c.Limits.MinPrice)
	}
}
