package contract_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/ledger"
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
		Format: dataset.ManifestFormat, Version: version, Licensor: dataset.Licensor{MSP: licensors, Party: w.licensor.party},
		Salt: nonce(77), Custodians: []string{licensors, manufacturer, operator}, Title: "Cherry spritz", Technology: "beverage",
		Profile: "beverage/1", Size: 1_000, BodySize: 1_100, BodyHash: nonce(5), Cipher: dataset.Cipher,
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
	return dataset.PublishRequest{Manifest: b64(raw), Signature: sign(w.t, w.licensor.key, raw), Envelope: nonce(99)}
}

// publish puts a version on the ledger and has the custodians confirm it.
func (w *world) publish(version int) dataset.Manifest {
	w.t.Helper()
	m := w.manifest(version)
	w.must(w.licensor, "catalogue:Publish", doc(w.publishRequest(m)))
	for _, c := range m.Custodians {
		w.must(w.custodians[c], "catalogue:Confirm", m.Dataset, strconv.Itoa(version), nonce(99))
	}
	return m
}

// offerRequest is "3 uses, price, two contributors 2:1".
func (w *world) offerRequest(m dataset.Manifest) offer.Request {
	return offer.Request{
		Key: "offer-1", Dataset: m.Dataset, Version: m.Version, Model: offer.Model{Kind: offer.ModelUses, Uses: 3}, Price: 10_001,
		Assurance: []string{"tpm"}, Contributors: []royalty.Contributor{
			{Payee: licensors + ".00000000000000aa", Weight: 2}, {Payee: licensors + ".00000000000000bb", Weight: 1},
		},
	}
}

// tpmKeys are a machine's keys, in software.
type tpmKeys struct {
	ak, srk, token *ecdsa.PrivateKey
	id             string
	counter        uint64
	resets         uint32
}

func (k *tpmKeys) public(key *ecdsa.PrivateKey, template tpm2.TPMTPublic) []byte {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
		X: tpm2.TPM2BECCParameter{Buffer: point[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: point[33:]},
	})
	return tpm2.Marshal(template)
}

func (k *tpmKeys) akPublic() []byte { return k.public(k.ak, tpmpolicy.SigningTemplate(true)) }

func (k *tpmKeys) srkPublic() []byte {
	template := tpm2.ECCSRKTemplate
	return k.public(k.srk, template)
}

func (w *world) newMachine(shard uint32) (machine.Machine, *tpmKeys) {
	k := &tpmKeys{ak: newKey(w.t), srk: newKey(w.t), token: newKey(w.t), counter: 1, resets: 1}
	m := machine.Machine{
		Format: machine.Format, Owner: w.buyer.party, EKHash: nonce(3), AK: b64(k.akPublic()), SRK: b64(k.srkPublic()),
		Token:   b64(k.public(k.token, tpmpolicy.SigningTemplate(false))),
		Counter: tpmpolicy.CounterName().Hex(), Line: "mixer", Assurance: "tpm", Shard: shard,
	}
	m.ID = machine.ID(b64(k.akPublic()), "salt")
	k.id = m.ID
	return m, k
}

// qualified are the AK's place in the owner hierarchy.
func (k *tpmKeys) qualified() []byte {
	place := binary.BigEndian.AppendUint32(nil, 0x40000001)
	for _, public := range [][]byte{k.srkPublic(), k.akPublic()} {
		name := sha256.Sum256(public)
		sum := sha256.Sum256(append(append(append([]byte{}, place...), 0, 0x0B), name[:]...))
		place = append([]byte{0, 0x0B}, sum[:]...)
	}
	return place
}

// sale is a world with something to buy.
type sale struct {
	*world
	manifest dataset.Manifest
	offer    offer.Offer
	machine  machine.Machine
	keys     *tpmKeys
	miner    *miner
}

func newSale(w *world) *sale {
	w.t.Helper()
	s := &sale{world: w, manifest: w.publish(1)}
	s.offer = decodeAs[offer.Offer](w, w.must(w.licensor, "catalogue:Offer", doc(w.offerRequest(s.manifest))))
	s.machine, s.keys = w.newMachine(7)
	s.machine = decodeAs[machine.Machine](w, w.must(w.registrar, "machines:Register", doc(s.machine)))
	w.must(w.oracles[operator], "bitcoin:Start")
	s.miner = w.miner()
	return s
}

func decodeAs[T any](w *world, text string) T {
	w.t.Helper()
	var v T
	if err := ledger.DecodeCanonical([]byte(text), &v); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	return v
}

func (s *sale) request(key string) order.Request {
	return order.Request{Key: key, Machine: s.machine.ID, Offers: []string{s.offer.ID}}
}

func (s *sale) place(key string) order.Order {
	s.t.Helper()
	return decodeAs[order.Order](s.world, s.must(s.buyer, "orders:Place", doc(s.request(key))))
}

func (s *sale) view(o order.Order) order.View {
	s.t.Helper()
	return read[order.View](s.world, s.buyer, "orders:Get", o.ID)
}
