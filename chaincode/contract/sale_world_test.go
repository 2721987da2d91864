package contract_test

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// manifest is one that the world's licensor can publish.
func (w *world) manifest(version int) dataset.Manifest {
	m := dataset.Manifest{
		Format: dataset.ManifestFormat, Version: version,
		Licensor: dataset.Licensor{MSP: licensors, Party: w.licensor.Party},
		Salt:     nonce(77), Custodians: []string{licensors, manufacturer, operator}, Title: "Cherry spritz",
		Technology: "beverage",
		Profile:    "beverage/1", Size: 1_000, BodySize: 1_100, BodyHash: nonce(5), Cipher: dataset.Cipher,
		Commitments: []dataset.Commitment{{Share: dataset.ShareRuntime, Pair: []string{}, Hash: nonce(6)}},
	}
	for i, a := range m.Custodians {
		for _, b := range m.Custodians[i+1:] {
			for _, holder := range []string{a, b} {
				m.Commitments = append(m.Commitments, dataset.Commitment{
					Share: dataset.ShareHalf, Pair: []string{a, b}, Holder: holder, Hash: nonce(8),
				})
			}
		}
	}
	m.Dataset = dataset.ID(m.Licensor, m.Custodians, m.Salt)
	return m
}

func (w *world) publishRequest(m dataset.Manifest) dataset.PublishRequest {
	raw := ledger.Encode(m)
	return dataset.PublishRequest{
		Manifest: b64(raw), Signature: b64(replaytest.Sign(w.T, w.licensor.Key, raw)),
		Envelope: nonce(99),
	}
}

// publish puts a version on the ledger and has the custodians confirm it.
func (w *world) publish(version int) dataset.Manifest {
	w.T.Helper()
	m := w.manifest(version)
	w.Must(w.licensor, "catalogue:Publish", doc(w.publishRequest(m)))
	for _, c := range m.Custodians {
		w.Must(w.custodians[c], "catalogue:Confirm", m.Dataset, strconv.Itoa(version), nonce(99))
	}
	return m
}

// offerRequest is "3 uses, price, two contributors 2:1".
func (w *world) offerRequest(m dataset.Manifest) offer.Request {
	return offer.Request{
		Key: "offer-1", Dataset: m.Dataset, Version: m.Version,
		Model: offer.Model{Kind: offer.ModelUses, Uses: 3}, Price: 10_001,
		Assurance: []string{"tpm"}, Contributors: []royalty.Contributor{
			{Payee: licensors + ".00000000000000aa", Weight: 2}, {Payee: licensors + ".00000000000000bb", Weight: 1},
		},
	}
}

// newMachine is what a registrar records of a machine, and the machine's keys.
func (w *world) newMachine(shard uint32) (machine.Machine, *replaytest.Keys) {
	k := replaytest.NewKeys(w.T)
	return machine.Machine{
		Format: machine.Format, ID: machine.ID(b64(k.AK()), "salt"), Owner: w.buyer.Party, EKHash: nonce(3),
		AK: b64(k.AK()), SRK: b64(k.SRK()), Token: b64(k.Token()), Counter: tpmpolicy.CounterName().Hex(),
		Line: "mixer", Assurance: "tpm", Shard: shard,
	}, k
}

// sale is a world with something to buy.
type sale struct {
	*world
	manifest dataset.Manifest
	offer    offer.Offer
	machine  machine.Machine
	keys     *replaytest.Keys
	miner    *miner
}

func newSale(w *world) *sale {
	w.T.Helper()
	s := &sale{world: w, manifest: w.publish(1)}
	s.offer = decodeAs[offer.Offer](w, w.Must(w.licensor, "catalogue:Offer", doc(w.offerRequest(s.manifest))))
	s.machine, s.keys = w.newMachine(7)
	s.machine = decodeAs[machine.Machine](w, w.Must(w.registrar, "machines:Register", doc(s.machine)))
	w.Must(w.oracles[operator], "bitcoin:Start")
	s.miner = w.miner()
	return s
}

func (s *sale) request(key string) order.Request {
	return order.Request{Key: key, Machine: s.machine.ID, Offers: []string{s.offer.ID}}
}

func (s *sale) place(key string) order.Order {
	s.T.Helper()
	return decodeAs[order.Order](s.world, s.Must(s.buyer, "orders:Place", doc(s.request(key))))
}

func (s *sale) view(o order.Order) order.View {
	s.T.Helper()
	return read[order.View](s.world, s.buyer, "orders:Get", o.ID)
}
