package signedtest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// Sale is one dataset, machine, order and license that fit together.
type Sale struct {
	Manifest []byte
	Machine  machine.Machine
	License  license.License
	Order    order.Order
}

// NewSale makes a sale under the named custodians (sorted MSPs).
func NewSale(custodians ...string) Sale {
	id := func(seed string) string { return ledger.Hash("guildmark/test/1", seed) }
	m := dataset.Manifest{
		Format: "guildmark/manifest/1", Version: 1,
		Licensor: dataset.Licensor{MSP: Licensors, Party: Licensors + ".00000000000000aa"},
		Salt:     id("salt"), Custodians: custodians, Title: "Mule", Technology: "beverage", Profile: "beverage/1",
		Size: 1000, BodySize: 1032, BodyHash: id("body"), Cipher: "DARE-2.0 AES-256-GCM",
		Commitments: []dataset.Commitment{{Share: "runtime", Pair: []string{}, Hash: id("runtime")}},
	}
	m.Dataset = dataset.ID(m.Licensor, m.Custodians, m.Salt)
	doc := ledger.Encode(m)
	s := Sale{Manifest: doc}
	s.Machine = machine.Machine{
		Format: "guildmark/machine/1", ID: id("machine"), Owner: Operator + ".00000000000000bb",
		Registrar: Manufacturer,
		EKHash:    id("ek"), AK: strings.Repeat("QUFB", 30), SRK: strings.Repeat("QkJC", 30),
		Token:   strings.Repeat("Q0ND", 30),
		Counter: strings.Repeat("0b", 34), Line: "mixer", Assurance: "tpm", Shard: 77, Epoch: 5,
	}
	model := offer.Model{Kind: "uses", Uses: 3}
	item := order.Item{
		Offer: id("offer"), Dataset: m.Dataset, Version: 1, Manifest: hashHex(doc), Custodians: custodians,
		Model: model, Price: 5000,
	}
	s.Order = order.Order{
		Format: "guildmark/order/1", ID: id("order"), Buyer: s.Machine.Owner, Machine: s.Machine.ID,
		Items: []order.Item{item}, Price: 5000,
		Descriptor: 1, Shard: 77, Number: 3, Script: "0020" + id("script"), Address: "bcrt1qtest", Created: 5,
		Expires: 10,
	}
	s.License = license.License{
		Format: "guildmark/license/1", ID: license.ID(s.Order.ID, "0"), Order: s.Order.ID,
		Machine: s.Machine.ID, Buyer: s.Machine.Owner,
		Dataset: m.Dataset, Version: 1, Manifest: hashHex(doc), Custodians: custodians, Model: model,
		Terms: id("terms"), Epoch: 6,
	}
	return s
}

// LicenseAnswer is the honest answer of licenses:Sign under a bundle at a clock (Unix seconds).
func (s Sale) LicenseAnswer(b *signed.Bundle, nonce string, clock int64) signed.Answer {
	body := signed.LicenseBody{
		License: s.License, Machine: s.Machine, State: signed.StateActive,
		Paid: []signed.Paid{{
			TxID: ledger.Hash("guildmark/test/1", "tx"), Amount: 5000, Height: 101,
			Block: ledger.Hash("guildmark/test/1", "block"),
		}},
	}
	return frame(b, signed.TagLicense, signed.FunctionLicense, s.License.ID, nonce, clock, body)
}

// OrderAnswer is the honest answer of orders:Sign.
func (s Sale) OrderAnswer(b *signed.Bundle, nonce string, clock int64) signed.Answer {
	body := order.View{Order: s.Order, State: "open", Payments: []order.Payment{}, Licenses: []string{}}
	return frame(b, signed.TagOrder, signed.FunctionOrder, s.Order.ID, nonce, clock, body)
}

// RecipientsAnswer is the answer of governance:SignRecipients with a body of the caller's.
func RecipientsAnswer(b *signed.Bundle, nonce string, clock int64, body signed.RecipientsBody) signed.Answer {
	return frame(b, signed.TagRecipients, signed.FunctionRecipients, "", nonce, clock, body)
}

func frame(b *signed.Bundle, tag, function, subject, nonce string, clock int64, body any) signed.Answer {
	return signed.Answer{
		Tag: tag, Channel: b.Channel, Function: function, Subject: subject, Nonce: nonce, Policy: b.ID(),
		Clock: clock,
		Tip:   signed.Tip{Height: 120, Hash: ledger.Hash("guildmark/test/1", "tip"), MedianTime: clock - 600},
		Lease: clock + 86400, Body: ledger.Encode(body),
	}
}

func hashHex(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
