package contract_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
)

func TestConfigNeedsThreePartners(t *testing.T) {
	w := emptyWorld(t)
	w.Refused(party.ErrForeignRole, replaytest.NewCaller(t, operator, party.Reader), "governance:Config", "")
	w.Refused(consortium.ErrNoConfig, w.Governors[operator], "governance:Config", "")
	hash := w.Must(w.Governors[operator], "governance:Propose", doc(w.Config))
	if sum := sha256.Sum256([]byte(doc(w.Config))); hash != hex.EncodeToString(sum[:]) {
		t.Errorf("got %s, want the document's SHA-256", hash)
	}
	for i, m := range replaytest.Partners()[:3] {
		got := w.Must(w.Governors[m], "governance:Approve", hash)
		if want := map[bool]string{false: `{"version":0}`, true: `{"version":1}`}[i == 2]; got != want {
			t.Errorf("approval %d: got %s, want %s", i+1, got, want)
		}
		if i < 2 {
			w.Refused(consortium.ErrApproved, replaytest.NewCaller(t, m, party.Governor), "governance:Approve", hash)
		}
	}
	w.Refused(consortium.ErrVersion, w.Governors[operator], "governance:Approve", hash)
	w.Refused(consortium.ErrVersion, w.Governors[operator], "governance:Propose", doc(w.Config))
	if got := read[consortium.Config](w, w.Governors[auditor], "governance:Config", ""); doc(got) != doc(w.Config) {
		t.Errorf("got %+v", got)
	}
	next := w.Config
	next.Version, next.Previous, next.Limits.MinPrice = 2, hash, 3_000
	second := w.Must(w.Governors[auditor], "governance:Propose", doc(next))
	w.Refused(consortium.ErrProposed, w.Governors[auditor], "governance:Propose", doc(next))
	for _, m := range replaytest.Partners()[1:] {
		w.Must(w.Governors[m], "governance:Approve", second)
	}
	if got := read[consortium.Config](w, w.Governors[auditor], "governance:Config",
		""); got.Limits.MinPrice != 3_000 {
		t.Errorf("the second configuration is not in force: %+v", got.Limits)
	}
	if got := read[consortium.Config](w, w.Governors[auditor], "governance:Config",
		"1"); got.Limits.MinPrice != 2_000 {
		t.Errorf("the first configuration is gone: %+v", got.Limits)
	}
}

func TestConfigRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*consortium.Config)
		want *ledger.Refusal
	}{
		{"another channel", func(c *consortium.Config) { c.Channel = "elsewhere" }, consortium.ErrConfig},
		{"a quorum of one", func(c *consortium.Config) { c.Quorum = 1 }, consortium.ErrConfig},
		{"a quorum above the signing partners", func(c *consortium.Config) { c.Quorum = 4 }, consortium.ErrConfig},
		{"version 2 first", func(c *consortium.Config) { c.Version = 2 }, consortium.ErrVersion},
		{
			"no attestations on regtest", func(c *consortium.Config) { c.Bitcoin.Attestations = 0 },
			ledger.Refuse("", "bitcoin.rules", ""),
		},
		{
			"more attestations than oracles' homes", func(c *consortium.Config) { c.Bitcoin.Attestations = 3 },
			consortium.ErrConfig,
		},
		{
			"a broken descriptor", func(c *consortium.Config) { c.Treasury.Descriptor += "x" },
			ledger.Refuse("", "payment.checksum", ""),
		},
		{
			"a broken checkpoint", func(c *consortium.Config) { c.Bitcoin.Checkpoint = "00" },
			ledger.Refuse("", "bitcoin.record", ""),
		},
		{
			"a role of a stranger", func(c *consortium.Config) { c.Roles[1].MSPs = []string{"StrangerMSP"} },
			consortium.ErrConfig,
		},
		{"an unknown role", func(c *consortium.Config) { c.Roles[1].Role = "bystander" }, consortium.ErrConfig},
		{
			"no governors left", func(c *consortium.Config) { c.Roles[3].MSPs = []string{operator} },
			consortium.ErrConfig,
		},
		{"partners not sorted", func(c *consortium.Config) {
			c.Partners[0], c.Partners[1] = c.Partners[1],
				c.Partners[0]
		}, consortium.ErrConfig},
		{
			"commission above the whole", func(c *consortium.Config) { c.Commission.Rate = 100_000_001 },
			consortium.ErrConfig,
		},
		{
			"least commission above the most",
			func(c *consortium.Config) { c.Commission.Min = c.Commission.Max + 1 }, consortium.ErrConfig,
		},
		{"no minimum price", func(c *consortium.Config) { c.Limits.MinPrice = 0 }, consortium.ErrConfig},
		{
			"a lease that overflows", func(c *consortium.Config) { c.Limits.LeaseSeconds = 1 << 62 },
			consortium.ErrConfig,
		},
		{"a negative clock skew", func(c *consortium.Config) { c.Limits.ClockSkew = -1 }, consortium.ErrConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := emptyWorld(t)
			c.edit(&w.Config)
			w.Refused(c.want, w.Governors[operator], "governance:Propose", doc(w.Config))
		})
	}
}

func TestTick(t *testing.T) {
	w := newWorld(t)
	seconds := func(d time.Duration) string { return strconv.FormatInt(w.Now.Add(d).Unix(), 10) }
	w.Refused(consortium.ErrTickBack, w.Heartbeat, "governance:Tick", seconds(0))
	w.Refused(consortium.ErrTickBack, w.Heartbeat, "governance:Tick", seconds(-time.Second))
	w.Refused(consortium.ErrTickSkew, w.Heartbeat, "governance:Tick", seconds(11*time.Second))
	w.Refused(consortium.ErrTime, w.Heartbeat, "governance:Tick", "1e9")
	w.Refused(consortium.ErrTime, w.Heartbeat, "governance:Tick", "+"+seconds(time.Second))
	w.Refused(consortium.ErrTime, w.Heartbeat, "governance:Tick", "9223372036854775807")
	before := read[consortium.Clock](w, w.Heartbeat, "governance:Clock")
	w.Tick(60 * time.Second)
	after := read[consortium.Clock](w, w.Heartbeat, "governance:Clock")
	if after.Time != before.Time+60 || after.Tick != before.Tick+1 {
		t.Errorf("got %+v after %+v", after, before)
	}
}

// TestTickWritesEpochOnlyWhenItChanges: writes that depend on time would conflict with every tick otherwise.
func TestTickWritesEpochOnlyWhenItChanges(t *testing.T) {
	w := newWorld(t)
	w.Now = w.Now.Add(time.Minute)
	r := w.Simulate(w.Heartbeat, "governance:Tick", strconv.FormatInt(w.Now.Unix(), 10))
	if got := keys(r.Writes); len(got) != 1 || got[0] != consortium.ClockKey() {
		t.Errorf("got %v, want the clock alone", got)
	}
	w.Now = w.Now.Add(10 * time.Minute)
	r = w.Simulate(w.Heartbeat, "governance:Tick", strconv.FormatInt(w.Now.Unix(), 10))
	if got := keys(r.Writes); len(got) != 2 {
		t.Errorf("got %v, want clock and epoch", got)
	}
}

func keys(writes []replay.Write) []string {
	var list []string
	for _, w := range writes {
		list = append(list, w.Key)
	}
	return list
}

func TestParties(t *testing.T) {
	w := newWorld(t)
	good := party.Party{
		Format: party.Format, ID: operator + ".0123456789abcdef", Home: operator, Roles: []string{party.Buyer},
		Keys: []party.Key{{Name: "one", Hash: nonce(1)}},
	}
	for _, c := range []struct {
		name string
		by   string
		edit func(*party.Party)
		want *ledger.Refusal
	}{
		{"another home's governor", auditor, func(*party.Party) {}, party.ErrForeign},
		{
			"a role that the home can't grant", operator,
			func(p *party.Party) { p.Roles = []string{party.Licensor} }, party.ErrForeignRole,
		},
		{
			"an id of another home", operator, func(p *party.Party) { p.ID = auditor + ".0123456789abcdef" },
			party.ErrInvalid,
		},
		{
			"an id with a slash", operator, func(p *party.Party) { p.ID = operator + ".0123456789abcde/" },
			party.ErrInvalid,
		},
		{"no key", operator, func(p *party.Party) { p.Keys = nil }, party.ErrInvalid},
		{"six keys", operator, func(p *party.Party) {
			for i := range 5 {
				p.Keys = append(p.Keys, party.Key{Name: "k", Hash: nonce(i + 2)})
			}
		}, party.ErrInvalid},
		{"a key twice", operator, func(p *party.Party) { p.Keys = append(p.Keys, p.Keys[0]) }, party.ErrInvalid},
		{"an unknown role", operator, func(p *party.Party) { p.Roles = []string{"king"} }, party.ErrInvalid},
		{
			"a role twice", operator, func(p *party.Party) { p.Roles = []string{party.Buyer, party.Buyer} },
			party.ErrInvalid,
		},
	} {
		t.Run(c.name, func(*testing.T) {
			p := good
			c.edit(&p)
			w.Refused(c.want, w.Governors[c.by], "governance:RegisterParty", doc(p))
		})
	}
	w.Must(w.Governors[operator], "governance:RegisterParty", doc(good))
	w.Refused(party.ErrKnown, w.Governors[operator], "governance:RegisterParty", doc(good))
	if got := read[party.Party](w, w.buyer, "governance:Party", good.ID); doc(got) != doc(good) {
		t.Errorf("got %+v", got)
	}
	w.Refused(party.ErrUnknown, w.buyer, "governance:Party", operator+".ffffffffffffffff")
	w.Refused(party.ErrUnknown, w.buyer, "governance:Party", "../config")
}

func TestRecipients(t *testing.T) {
	w := newWorld(t)
	r := w.custodianRecipient(operator)
	w.Refused(consortium.ErrRecipientOld, w.custodians[operator], "governance:SetRecipient", doc(r))
	r.Version = 2
	w.Refused(consortium.ErrRecipientOf, w.custodians[licensors], "governance:SetRecipient", doc(r))
	w.Must(w.custodians[operator], "governance:SetRecipient", doc(r))
	second := replaytest.NewCaller(t, operator, party.Custodian)
	r.ID, r.Party, r.Version = second.Party, second.Party, 1
	w.Refused(consortium.ErrSecond, second, "governance:SetRecipient", doc(r))

	line := consortium.Recipient{
		Format: consortium.RecipientFormat, ID: consortium.RuntimeID(manufacturer, "mixer", "tpm"),
		Role: consortium.RuntimeRecipient,
		MSP:  manufacturer, Party: w.registrar.Party, Version: 1, HPKE: b64([]byte("runtime")), Line: "mixer",
		Assurance: "tpm",
	}
	w.Must(w.registrar, "governance:SetRecipient", doc(line))
	line.Assurance = "software"
	w.Refused(consortium.ErrRecipientOf, w.registrar, "governance:SetRecipient", doc(line))
	w.Refused(consortium.ErrRecipientOf, w.custodians[manufacturer], "governance:SetRecipient", doc(line))

	a := read[signed.Answer](w, w.buyer, "governance:SignRecipients", nonce(7))
	var body signed.RecipientsBody
	if err := ledger.DecodeCanonical(a.Body, &body); err != nil || len(body.Recipients) != 4 {
		t.Fatalf("got %d recipients, %v", len(body.Recipients), err)
	}
	for i := range body.Recipients[1:] {
		if body.Recipients[i].ID >= body.Recipients[i+1].ID {
			t.Error("recipients are not sorted")
		}
	}
}

func TestBundleSuccession(t *testing.T) {
	w := newWorld(t)
	first := w.Bundle(0, "")
	w.Refused(signed.ErrBundleSequence, w.Governors[operator], "governance:PutBundle", doc(first))
	newest := read[consortium.SignedBundle](w, w.buyer, "governance:Bundle", "")
	id := ledger.Digest(decode(t, newest.Bundle))
	w.Refused(signed.ErrBundlePrevious, w.Governors[operator], "governance:PutBundle", doc(w.Bundle(1, nonce(9))))

	next, err := signed.ParseBundle(decode(t, w.Bundle(1, id).Bundle))
	if err != nil {
		t.Fatal(err)
	}
	w.Refused(signed.ErrBundleQuorum, w.Governors[operator], "governance:PutBundle",
		doc(w.SignBundle(*next, operator)))
	w.Refused(signed.ErrBundleQuorum, w.Governors[operator], "governance:PutBundle",
		doc(w.SignBundle(*next, operator, operator)))
	weaker := *next
	weaker.Quorum = 1
	w.Refused(signed.ErrBundleConfig, w.Governors[operator], "governance:PutBundle",
		doc(w.SignBundle(weaker, licensors, operator)))
	if got := w.Must(w.Governors[operator], "governance:PutBundle",
		doc(w.SignBundle(*next, licensors, operator))); got != next.ID() {
		t.Errorf("got %s, want %s", got, next.ID())
	}
	if a := read[signed.Answer](w, w.buyer, "governance:Noop", nonce(1)); a.Policy != next.ID() {
		t.Errorf("signed under %s, want the newest bundle", a.Policy)
	}
}

func decode(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := base64Decode(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestSigningRefusesStalePeers: T7.
func TestSigningRefusesStalePeers(t *testing.T) {
	w := newWorld(t)
	a := read[signed.Answer](w, w.buyer, "governance:Noop", nonce(3))
	want := signed.Answer{
		Tag: signed.TagNoop, Channel: channel, Function: signed.FunctionNoop, Nonce: nonce(3), Policy: a.Policy,
		Clock: w.Now.Unix(), Body: []byte("{}"),
	}
	if doc(a) != doc(want) {
		t.Errorf("got %s, want %s", doc(a), doc(want))
	}
	tx := replay.Tx{
		ID: "t", Channel: channel, Creator: w.buyer.Creator, Timestamp: w.Now,
		Args: [][]byte{[]byte("governance:Noop"), []byte(nonce(3))},
	}
	for _, c := range []struct {
		name  string
		own   time.Duration // the endorser's own clock against the ledger's
		stamp time.Duration // the transaction's timestamp against the ledger's
		want  error
	}{
		{"agreeing", 0, 0, nil},
		{"at the bounds", 180 * time.Second, 170 * time.Second, nil},
		{"a peer that lags behind the ledger", 181 * time.Second, 181 * time.Second, consortium.ErrStale},
		{"a ledger ahead of the endorser", -181 * time.Second, -181 * time.Second, consortium.ErrStale},
		{"a timestamp in the past", 30 * time.Second, 19 * time.Second, consortium.ErrTransaction},
		{"a timestamp in the future", 0, 11 * time.Second, consortium.ErrTransaction},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx.Timestamp = w.Now.Add(c.stamp)
			r := w.Engine.ExecuteAt(w.State, tx, w.Now.Add(c.own))
			if c.want == nil {
				if !r.OK() || len(r.Writes) > 0 {
					t.Errorf("got %s", r.Message)
				}
				return
			}
			refusal, ok := ledger.ParseRefusal(r.Message)
			if !ok || !errors.Is(refusal, c.want) || refusal.Kind != ledger.Unavailable {
				t.Errorf("got %s, want %v", r.Message, c.want)
			}
		})
	}
	w.Refused(ledger.ErrID, w.buyer, "governance:Noop", "caller's text")
}
