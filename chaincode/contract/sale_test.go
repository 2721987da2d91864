package contract_test

import (
	"encoding/hex"
	"slices"
	"strconv"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

func TestPublish(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name string
		edit func(*dataset.Manifest)
		want *ledger.Refusal
	}{
		{"an id that commits to another set", func(m *dataset.Manifest) { m.Dataset = nonce(1) }, dataset.ErrID},
		{
			"another licensor", func(m *dataset.Manifest) { m.Licensor.Party = licensors + ".ffffffffffffffff" },
			dataset.ErrForeign,
		},
		{"one custodian", func(m *dataset.Manifest) { m.Custodians = m.Custodians[:1] }, dataset.ErrManifest},
		{
			"custodians not sorted", func(m *dataset.Manifest) { m.Custodians = []string{operator, licensors} },
			dataset.ErrManifest,
		},
		{
			"a custodian that is none", func(m *dataset.Manifest) { m.Custodians = []string{auditor, operator} },
			dataset.ErrManifest,
		},
		{
			"a commitment missing", func(m *dataset.Manifest) { m.Commitments = m.Commitments[1:] },
			dataset.ErrCommitments,
		},
		{
			"a commitment twice", func(m *dataset.Manifest) { m.Commitments[1] = m.Commitments[2] },
			dataset.ErrCommitments,
		},
		{
			"a half of a stranger", func(m *dataset.Manifest) { m.Commitments[1].Holder = auditor },
			dataset.ErrCommitments,
		},
		{"a size of zero", func(m *dataset.Manifest) { m.Size = 0 }, dataset.ErrManifest},
		{"a negative size", func(m *dataset.Manifest) { m.Size = -1 }, dataset.ErrManifest},
		{
			"a body smaller than its content", func(m *dataset.Manifest) { m.BodySize = m.Size - 1 },
			dataset.ErrManifest,
		},
		{"another cipher", func(m *dataset.Manifest) { m.Cipher = "ROT13" }, dataset.ErrManifest},
		{"a profile of another technology", func(m *dataset.Manifest) { m.Profile = "laser/1" }, dataset.ErrManifest},
		{"version 2 first", func(m *dataset.Manifest) { m.Version = 2 }, dataset.ErrVersion},
		{"version 0", func(m *dataset.Manifest) { m.Version = 0 }, dataset.ErrManifest},
	} {
		t.Run(c.name, func(*testing.T) {
			m := w.manifest(1)
			c.edit(&m)
			w.Refused(c.want, w.licensor, "catalogue:Publish", doc(w.publishRequest(m)))
		})
	}
	good := w.publishRequest(w.manifest(1))
	forged := good
	forged.Signature = b64(replaytest.Sign(t, replaytest.NewKey(t), decode(t, good.Manifest)))
	w.Refused(dataset.ErrSignature, w.licensor, "catalogue:Publish", doc(forged))
	spaced := good
	spaced.Manifest = b64([]byte(" " + string(decode(t, good.Manifest))))
	w.Refused(ledger.ErrNotCanonical, w.licensor, "catalogue:Publish", doc(spaced))
	w.Must(w.licensor, "catalogue:Publish", doc(good))
	w.Refused(dataset.ErrPublished, w.licensor, "catalogue:Publish", doc(good))
}

func TestConfirmMakesFinal(t *testing.T) {
	w := newWorld(t)
	m := w.manifest(1)
	w.Refused(dataset.ErrUnknown, w.custodians[operator], "catalogue:Confirm", m.Dataset, "1", nonce(99))
	w.Must(w.licensor, "catalogue:Publish", doc(w.publishRequest(m)))
	w.Refused(dataset.ErrEnvelope, w.custodians[operator], "catalogue:Confirm", m.Dataset, "1", nonce(98))
	for i, c := range m.Custodians {
		got := decodeAs[dataset.Confirmed](w, w.Must(w.custodians[c], "catalogue:Confirm", m.Dataset, "1", nonce(99)))
		if got.Final != (i == 2) {
			t.Errorf("confirmation %d: got %+v", i+1, got)
		}
		w.Refused(dataset.ErrConfirmed, w.custodians[c], "catalogue:Confirm", m.Dataset, "1", nonce(99))
		v := read[dataset.View](w, w.buyer, "catalogue:Dataset", m.Dataset, "1")
		if v.Final != (i == 2) || !slices.Equal(v.Confirmed, m.Custodians[:i+1]) {
			t.Errorf("confirmation %d: got %v, %v", i+1, v.Confirmed, v.Final)
		}
	}
	for _, bad := range []string{"", "01", "-1", "1.0", "99999999999999999999"} {
		w.Refused(ledger.ErrDecimal, w.buyer, "catalogue:Dataset", m.Dataset, bad)
	}
}

func TestOffer(t *testing.T) {
	w := newWorld(t)
	m := w.publish(1)
	for _, c := range []struct {
		name string
		edit func(*offer.Request)
		want *ledger.Refusal
	}{
		{"a price of zero", func(r *offer.Request) { r.Price = 0 }, offer.ErrPrice},
		{"a negative price", func(r *offer.Request) { r.Price = -10_000 }, offer.ErrPrice},
		{"a price above all satoshi", func(r *offer.Request) { r.Price = ledger.MaxSatoshi + 1 }, offer.ErrPrice},
		{"under the minimum", func(r *offer.Request) { r.Price = 1_999 }, offer.ErrMinPrice},
		{"no uses", func(r *offer.Request) { r.Model.Uses = 0 }, offer.ErrModel},
		{"negative uses", func(r *offer.Request) { r.Model.Uses = -3 }, offer.ErrModel},
		{"another model", func(r *offer.Request) { r.Model.Kind = "forever" }, offer.ErrModel},
		{"a weight of zero", func(r *offer.Request) { r.Contributors[0].Weight = 0 }, royalty.ErrWeights},
		{"a negative weight", func(r *offer.Request) { r.Contributors[0].Weight = -1 }, royalty.ErrWeights},
		{
			"a weight that overflows", func(r *offer.Request) { r.Contributors[0].Weight = 1 << 62 },
			royalty.ErrWeights,
		},
		{
			"a payee twice", func(r *offer.Request) { r.Contributors[1].Payee = r.Contributors[0].Payee },
			royalty.ErrDuplicate,
		},
		{"a payee without a home", func(
			r *offer.Request,
		) {
			r.Contributors[0].Payee = "StrangerMSP.00000000000000aa"
		}, royalty.ErrPayee},
		{"a payee that is no party", func(r *offer.Request) { r.Contributors[0].Payee = "bob" }, royalty.ErrPayee},
		{
			"contributors and a residual", func(r *offer.Request) { r.Residual = licensors + ".00000000000000cc" },
			royalty.ErrResidual,
		},
		{"nobody to pay", func(r *offer.Request) { r.Contributors = nil }, royalty.ErrResidual},
		{"no assurance", func(r *offer.Request) { r.Assurance = nil }, offer.ErrInvalid},
		{"an unknown assurance", func(r *offer.Request) { r.Assurance = []string{"trust-me"} }, offer.ErrInvalid},
		{"an unknown dataset", func(r *offer.Request) { r.Dataset = nonce(1) }, dataset.ErrUnknown},
		{"a version that is not published", func(r *offer.Request) { r.Version = 2 }, dataset.ErrUnknown},
	} {
		t.Run(c.name, func(*testing.T) {
			r := w.offerRequest(m)
			c.edit(&r)
			w.Refused(c.want, w.licensor, "catalogue:Offer", doc(r))
		})
	}
	other := replaytest.NewCaller(t, licensors, party.Licensor)
	w.Register(other)
	w.Refused(dataset.ErrForeign, other, "catalogue:Offer", doc(w.offerRequest(m)))
	first := w.Must(w.licensor, "catalogue:Offer", doc(w.offerRequest(m)))
	w.epochs(1)
	if again := w.Must(w.licensor, "catalogue:Offer", doc(w.offerRequest(m))); again != first {
		t.Errorf("the same request: got %s, want %s", again, first)
	}
	changed := w.offerRequest(m)
	changed.Price++
	w.Refused(offer.ErrKeyReused, w.licensor, "catalogue:Offer", doc(changed))
}

func TestMachines(t *testing.T) {
	w := newWorld(t)
	good, _ := w.newMachine(7)
	for _, c := range []struct {
		name string
		edit func(*machine.Machine)
		want *ledger.Refusal
	}{
		{"an AK that is none", func(m *machine.Machine) { m.AK = m.Token }, tpmpolicy.ErrPublicAttributes},
		{"an SRK that is none", func(m *machine.Machine) { m.SRK = m.AK }, tpmpolicy.ErrPublicAttributes},
		{"a counter of another shape", func(m *machine.Machine) { m.Counter = "00" }, machine.ErrInvalid},
		{
			"an owner whose home grants no buyers",
			func(m *machine.Machine) { m.Owner = auditor + ".0123456789abcdef" }, machine.ErrInvalid,
		},
		{"a shard beyond 31 bits", func(m *machine.Machine) { m.Shard = 1 << 31 }, machine.ErrInvalid},
		{"an epoch of its own", func(m *machine.Machine) { m.Epoch = 5 }, machine.ErrInvalid},
		{"a registrar of its own", func(m *machine.Machine) { m.Registrar = "me" }, machine.ErrInvalid},
		{"an unknown assurance", func(m *machine.Machine) { m.Assurance = "oath" }, machine.ErrInvalid},
	} {
		t.Run(c.name, func(*testing.T) {
			m := good
			c.edit(&m)
			w.Refused(c.want, w.registrar, "machines:Register", doc(m))
		})
	}
	w.Must(w.registrar, "machines:Register", doc(good))
	w.Refused(machine.ErrKnown, w.registrar, "machines:Register", doc(good))
	second, _ := w.newMachine(7)
	w.Refused(machine.ErrShard, w.registrar, "machines:Register", doc(second))
	w.Refused(machine.ErrUnknown, w.buyer, "machines:Get", nonce(1))
	got := read[machine.Machine](w, w.buyer, "machines:Get", good.ID)
	if got.Registrar != w.registrar.Party || got.Epoch != w.Now.Unix()/600 {
		t.Errorf("got %+v", got)
	}
}

func TestPlace(t *testing.T) {
	s := newSale(newWorld(t))
	o := s.place("first")
	collect, err := s.Descriptor.Derive(7, 0)
	if err != nil {
		t.Fatal(err)
	}
	if o.Script != hex.EncodeToString(collect.Script) || o.Address != collect.Address || o.Price != 10_001 ||
		o.Expires != o.Created+6 {
		t.Errorf("got %+v", o)
	}
	if o.ID != order.ID(channel, operator, s.buyer.Party, "first") {
		t.Errorf("an id that does not commit to channel, buyer and key: %s", o.ID)
	}
	if again := s.place("first"); doc(again) != doc(o) {
		t.Errorf("the same request: got %+v", again)
	}
	if next := s.place("second"); next.Number != 1 || next.Script == o.Script {
		t.Errorf("got %+v", next)
	}
	if got := s.Must(s.buyer, "orders:ByScript", o.Script); got != o.ID {
		t.Errorf("got %s, want %s", got, o.ID)
	}
	a := read[signed.Answer](s.world, s.buyer, "orders:Sign", o.ID, nonce(1))
	if v := decodeAs[order.View](s.world, string(a.Body)); a.Tag != signed.TagOrder || a.Subject != o.ID ||
		v.State != order.Open || v.Order.Script != o.Script {
		t.Errorf("got %+v", a)
	}

	reused := s.request("first")
	reused.Offers = []string{nonce(1)}
	s.Refused(order.ErrKeyReused, s.buyer, "orders:Place", doc(reused))
	for name, c := range map[string]struct {
		edit func(*order.Request)
		by   *replaytest.Caller
		want *ledger.Refusal
	}{
		"an unknown offer":   {func(r *order.Request) { r.Offers = []string{nonce(1)} }, s.buyer, offer.ErrUnknown},
		"an unknown machine": {func(r *order.Request) { r.Machine = nonce(1) }, s.buyer, machine.ErrUnknown},
		"an id in capitals":  {func(r *order.Request) { r.Machine = "A" + r.Machine[1:] }, s.buyer, ledger.ErrID},
		"another's machine": {
			func(*order.Request) {}, replaytest.NewCaller(t, operator, party.Buyer),
			machine.ErrOwner,
		},
		"no offer": {func(r *order.Request) { r.Offers = nil }, s.buyer, order.ErrOneOffer},
		"two offers": {
			func(r *order.Request) { r.Offers = append(r.Offers, r.Offers[0]) }, s.buyer,
			order.ErrOneOffer,
		},
		"an empty key":         {func(r *order.Request) { r.Key = "" }, s.buyer, order.ErrRequest},
		"a key of 65":          {func(r *order.Request) { r.Key = nonce(1) + "x" }, s.buyer, order.ErrRequest},
		"a key with a newline": {func(r *order.Request) { r.Key = "a\nb" }, s.buyer, order.ErrRequest},
	} {
		t.Run(name, func(*testing.T) {
			r := s.request("x" + strconv.Itoa(len(name)))
			c.edit(&r)
			s.Refused(c.want, c.by, "orders:Place", doc(r))
		})
	}
	s.Refused(order.ErrUnknown, s.buyer, "orders:Get", nonce(1))
	s.Refused(order.ErrUnknown, s.buyer, "orders:ByScript", "0014")
}

func TestPlaceNeedsFinalDatasetAndAdmittedMachine(t *testing.T) {
	w := newWorld(t)
	m := w.manifest(1)
	w.Must(w.licensor, "catalogue:Publish", doc(w.publishRequest(m)))
	o := decodeAs[offer.Offer](w, w.Must(w.licensor, "catalogue:Offer", doc(w.offerRequest(m))))
	mc, _ := w.newMachine(1)
	w.Must(w.registrar, "machines:Register", doc(mc))
	soft, _ := w.newMachine(2)
	soft.Assurance = "software"
	w.Must(w.registrar, "machines:Register", doc(soft))
	w.Refused(dataset.ErrNotFinal, w.buyer, "orders:Place",
		doc(order.Request{Key: "k", Machine: mc.ID, Offers: []string{o.ID}}))
	for _, c := range m.Custodians {
		w.Must(w.custodians[c], "catalogue:Confirm", m.Dataset, "1", nonce(99))
	}
	w.Refused(order.ErrAssurance, w.buyer, "orders:Place",
		doc(order.Request{Key: "k", Machine: soft.ID, Offers: []string{o.ID}}))
	w.Must(w.buyer, "orders:Place", doc(order.Request{Key: "k", Machine: mc.ID, Offers: []string{o.ID}}))
}

func TestDailyCap(t *testing.T) {
	s := newSale(newWorld(t))
	for i := range 9 { // 9 x 10,001 under the cap of 100,000
		s.place(strconv.Itoa(i))
	}
	s.Refused(order.ErrDailyCap, s.buyer, "orders:Place", doc(s.request("10")))
	s.epochs(144)
	s.place("10")
}
