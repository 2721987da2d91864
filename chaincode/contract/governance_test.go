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
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
)

func TestConfigNeedsThreePartners(t *testing.T) {
	w := emptyWorld(t)
	w.refused(party.ErrForeignRole, someone(t, operator, party.Reader), "governance:Config", "")
	w.refused(consortium.ErrNoConfig, w.governors[operator], "governance:Config", "")
	hash := w.must(w.governors[operator], "governance:Propose", doc(w.config))
	if sum := sha256.Sum256([]byte(doc(w.config))); hash != hex.EncodeToString(sum[:]) {
		t.Errorf("got %s, want the document's SHA-256", hash)
	}
	for i, m := range everyPartner()[:3] {
		got := w.must(w.governors[m], "governance:Approve", hash)
		if want := map[bool]string{false: `{"version":0}`, true: `{"version":1}`}[i == 2]; got != want {
			t.Errorf("approval %d: got %s, want %s", i+1, got, want)
		}
		if i < 2 {
			w.refused(consortium.ErrApproved, someone(t, m, party.Governor), "governance:Approve", hash)
		}
	}
	w.refused(consortium.ErrVersion, w.governors[operator], "governance:Approve", hash)
	w.refused(consortium.ErrVersion, w.governors[operator], "governance:Propose", doc(w.config))
	if got := read[consortium.Config](w, w.governors[auditor], "governance:Config", ""); doc(got) != doc(w.config) {
		t.Errorf("got %+v", got)
	}
	next := w.config
	next.Version, next.Previous, next.Limits.MinPrice = 2, hash, 3_000
	second := w.must(w.governors[auditor], "governance:Propose", doc(next))
	w.refused(consortium.ErrProposed, w.governors[auditor], "governance:Propose", doc(next))
	for _, m := range everyPartner()[1:] {
		w.must(w.governors[m], "governance:Approve", second)
	}
	if got := read[consortium.Config](w, w.governors[auditor], "governance:Config", ""); got.Limits.MinPrice != 3_000 {
		t.Errorf("the second configuration is not in force: %+v", got.Limits)
	}
	if got := read[consortium.Config](w, w.governors[auditor], "governance:Config", "1"); got.Limits.MinPrice != 2_000 {
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
		{"no attestations on regtest", func(c *consortium.Config) { c.Bitcoin.Attestations = 0 }, ledger.Refuse("", "bitcoin.rules", "")},
		{"more attestations than oracles' homes", func(c *consortium.Config) { c.Bitcoin.Attestations = 3 }, consortium.ErrConfig},
		{"a broken descriptor", func(c *consortium.Config) { c.Treasury.Descriptor += "x" }, ledger.Refuse("", "payment.checksum", "")},
		{"a broken checkpoint", func(c *consortium.Config) { c.Bitcoin.Checkpoint = "00" }, ledger.Refuse("", "bitcoin.record", "")},
		{"a role of a stranger", func(c *consortium.Config) { c.Roles[1].MSPs = []string{"StrangerMSP"} }, consortium.ErrConfig},
		{"an unknown role", func(c *consortium.Config) { c.Roles[1].Role = "bystander" }, consortium.ErrConfig},
		{"no governors left", func(c *consortium.Config) { c.Roles[3].MSPs = []string{operator} }, consortium.ErrConfig},
		{"partners not sorted", func(c *consortium.Config) { c.Partners[0], c.Partners[1] = c.Partners[1], c.Partners[0] }, consortium.ErrConfig},
		{"commission above the whole", func(c *consortium.Config) { c.Commission.Rate = 100_000_001 }, consortium.ErrConfig},
		{"least commission above the most", func(c *consortium.Config) { c.Commission.Min = c.Commission.Max + 1 }, consortium.ErrConfig},
		{"no minimum price", func(c *consortium.Config) { c.Limits.MinPrice = 0 }, consortium.ErrConfig},
		{"a lease that overflows", func(c *consortium.Config) { c.Limits.LeaseSeconds = 1 << 62 }, consortium.ErrConfig},
		{"a negative clock skew", func(c *consortium.Config) { c.Limits.ClockSkew = -1 }, consortium.ErrConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := emptyWorld(t)
			c.edit(&w.config)
			w.refused(c.want, w.governors[operator], "governance:Propose", doc(w.config))
		})
	}
}

func TestTick(t *testing.T) {
	w := newWorld(t)
	seconds := func(d time.Duration) string { return strconv.FormatInt(w.now.Add(d).Unix(), 10) }
	w.refused(consortium.ErrTickBack, w.heartbeat, "governance:Tick", seconds(0))
	w.refused(consortium.ErrTickBack, w.heartbeat, "governance:Tick", seconds(-time.Second))
	w.refused(consortium.ErrTickSkew, w.heartbeat, "governance:Tick", seconds(11*time.Second))
	w.refused(consortium.ErrTime, w.heartbeat, "governance:Tick", "1e9")
	w.refused(consortium.ErrTime, w.heartbeat, "governance:Tick", "+"+seconds(time.Second))
	w.refused(consortium.ErrTime, w.heartbeat, "governance:Tick", "9223372036854775807")
	before := read[consortium.Clock](w, w.heartbeat, "governance:Clock")
	w.tick(60 * time.Second)
	after := read[consortium.Clock](w, w.heartbeat, "governance:Clock")
	if after.Time != before.Time+60 || after.Tick != before.Tick+1 {
		t.Errorf("got %+v after %+v", after, before)
	}
}

// TestTickWritesEpochOnlyWhenItChanges: writes that depend on time would conflict with every tick otherwise.
func TestTickWritesEpochOnlyWhenItChanges(t *testing.T) {
	w := newWorld(t)
	w.now = w.now.Add(time.Minute)
	r := w.simulate(w.heartbeat, "governance:Tick", strconv.FormatInt(w.now.Unix(), 10))
	if got := keys(r.Writes); len(got) != 1 || got[0] != consortium.ClockKey() {
		t.Errorf("got %v, want the clock alone", got)
	}
	w.now = w.now.Add(10 * time.Minute)
	r = w.simulate(w.heartbeat, "governance:Tick", strconv.FormatInt(w.now.Unix(), 10))
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
		{"a role that the home can't grant", operator, func(p *party.Party) { p.Roles = []string{party.Licensor} }, party.ErrForeignRole},
		{"an id of another home", operator, func(p *party.Party) { p.ID = auditor + ".0123456789abcdef" }, party.ErrInvalid},
		{"an id with a slash", operator, func(p *party.Party) { p.ID = operator + ".0123456789abcde/" }, party.ErrInvalid},
		{"no key", operator, func(p *party.Party) { p.Keys = nil }, party.ErrInvalid},
		{"six keys", operator, func(p *party.Party) {
			for i := range 5 {
				p.Keys = append(p.Keys, party.Key{Name: "k", Hash: nonce(i + 2)})
			}
		}, party.ErrInvalid},
		{"a key twice", operator, func(p *party.Party) { p.Keys = append(p.Keys, p.Keys[0]) }, party.ErrInvalid},
		{"an unknown role", operator, func(p *party.Party) { p.Roles = []string{"king"} }, party.ErrInvalid},
		{"a role twice", operator, func(p *party.Party) { p.Roles = []string{party.Buyer, party.Buyer} }, party.ErrInvalid},
	} {
		t.Run(c.name, func(*testing.T) {
			p := good
			c.edit(&p)
			w.refused(c.want, w.governors[c.by], "governance:RegisterParty", doc(p))
		})
	}
	w.must(w.governors[operator], "governance:RegisterParty", doc(good))
	w.refused(party.ErrKnown, w.governors[operator], "governance:RegisterParty", doc(good))
	if got := read[party.Party](w, w.buyer, "governance:Party", good.ID); doc(got) != doc(good) {
		t.Errorf("got %+v", got)
	}
	w.refused(party.ErrUnknown, w.buyer, "governance:Party", operator+".ffffffffffffffff")
	w.refused(party.ErrUnknown, w.buyer, "governance:Party", "../config")
}

func TestRecipients(t *testing.T) {
	w := newWorld(t)
	r := w.custodianRecipient(operator)
	w.refused(consortium.ErrRecipientOld, w.custodians[operator], "governance:SetRecipient", doc(r))
	r.Version = 2
	w.refused(consortium.ErrRecipientOf, w.custodians[licensors], "governance:SetRecipient", doc(r))
	w.must(w.custodians[operator], "governance:SetRecipient", doc(r))
	second := someone(t, operator, party.Custodian)
	r.ID, r.Party, r.Version = second.party, second.party, 1
	w.refused(consortium.ErrSecond, second, "governance:SetRecipient", doc(r))

	line := consortium.Recipient{
		Format: consortium.RecipientFormat, ID: consortium.RuntimeID(manufacturer, "mixer", "tpm"), Role: consortium.RuntimeRecipient,
		MSP: manufacturer, Party: w.registrar.party, Version: 1, HPKE: b64([]byte("runtime")), Line: "mixer", Assurance: "tpm",
	}
	w.must(w.registrar, "governance:SetRecipient", doc(line))
	line.Assurance = "software"
	w.refused(consortium.ErrRecipientOf, w.registrar, "governance:SetRecipient", doc(line))
	w.refused(consortium.ErrRecipientOf, w.custodians[manufacturer], "governance:SetRecipient", doc(line))

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
	first := w.bundle(0, "")
	w.refused(signed.ErrBundleSequence, w.governors[operator], "governance:PutBundle", doc(first))
	newest := read[consortium.SignedBundle](w, w.buyer, "governance:Bundle", "")
	id := ledger.Digest(decode(t, newest.Bundle))
	w.refused(signed.ErrBundlePrevious, w.governors[operator], "governance:PutBundle", doc(w.bundle(1, nonce(9))))

	next, err := signed.ParseBundle(decode(t, w.bundle(1, id).Bundle))
	if err != nil {
		t.Fatal(err)
	}
	w.refused(signed.ErrBundleQuorum, w.governors[operator], "governance:PutBundle", doc(w.signBundle(*next, operator)))
	w.refused(signed.ErrBundleQuorum, w.governors[operator], "governance:PutBundle", doc(w.signBundle(*next, operator, operator)))
	weaker := *next
	weaker.Quorum = 1
	w.refused(signed.ErrBundleConfig, w.governors[operator], "governance:PutBundle", doc(w.signBundle(weaker, licensors, operator)))
	if got := w.must(w.governors[operator], "governance:PutBundle", doc(w.signBundle(*next, licensors, operator))); got != next.ID() {
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
		Clock: w.now.Unix(), Body: []byte("{}"),
	}
	if doc(a) != doc(want) {
		t.Errorf("got %s, want %s", doc(a), doc(want))
	}
	tx := replay.Tx{ID: "t", Channel: channel, Creator: w.buyer.creator, Timestamp: w.now, Args: [][]byte{[]byte("governance:Noop"), []byte(nonce(3))}}
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
			tx.Timestamp = w.now.Add(c.stamp)
			r := w.engine.ExecuteAt(w.state, tx, w.now.Add(c.own))
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
	w.refused(ledger.ErrID, w.buyer, "governance:Noop", "caller's text")
}
