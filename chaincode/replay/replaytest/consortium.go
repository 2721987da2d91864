package replaytest

import (
	"crypto/ecdsa"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Channel is the channel's name.
const Channel = "guildmark"

// The partners.
const (
	Auditor      = "AuditorMSP"
	Licensors    = "LicensorsMSP"
	Manufacturer = "ManufacturerMSP"
	Operator     = "OperatorMSP"
)

// Partners lists them, sorted.
func Partners() []string { return []string{Auditor, Licensors, Manufacturer, Operator} }

// Business lists the partners whose peers sign.
func Business() []string { return []string{Licensors, Manufacturer, Operator} }

// Market is the party that gets the commission.
const Market = Operator + ".0000000000000001"

// Consortium is the four partners: governors, bundle keys and the first configuration. Nothing of it is on a
// ledger yet.
type Consortium struct {
	Governors  map[string]*Caller
	BundleKeys map[string]*ecdsa.PrivateKey
	Config     consortium.Config
	Descriptor *payment.Descriptor // of the treasury

	tb testing.TB
}

// NewConsortium makes one.
func NewConsortium(tb testing.TB) *Consortium {
	tb.Helper()
	c := &Consortium{tb: tb, Governors: map[string]*Caller{}, BundleKeys: map[string]*ecdsa.PrivateKey{}}
	for _, m := range Partners() {
		c.Governors[m], c.BundleKeys[m] = NewCaller(tb, m, party.Governor), NewKey(tb)
	}
	c.Descriptor = descriptor(tb)
	c.Config = c.firstConfig()
	return c
}

func descriptor(tb testing.TB) *payment.Descriptor {
	tb.Helper()
	var keys [3]string
	for i := range keys {
		master, err := hdkeychain.NewMaster(make([]byte, 32+i), &chaincfg.RegressionNetParams)
		check(tb, err)
		public, err := master.Neuter()
		check(tb, err)
		keys[i] = public.String()
	}
	d, err := payment.New(keys, "regtest")
	check(tb, err)
	return d
}

func (c *Consortium) firstConfig() consortium.Config {
	c.tb.Helper()
	start, err := spv.Genesis("regtest")
	check(c.tb, err)
	config := consortium.Config{
		Format: consortium.ConfigFormat, Version: 1, Channel: Channel, Chaincode: "guildmark", Quorum: 2,
		Bitcoin: consortium.Bitcoin{
			Network: "regtest", Checkpoint: start.String(), FinalDepth: 2,
			Attestations: 2,
		},
		Treasury:   consortium.Treasury{Version: 1, Descriptor: c.Descriptor.String()},
		Commission: consortium.Commission{Rate: 30_000_000, Min: 100, Max: 1_000_000, Payee: Market},
		Limits: consortium.Limits{
			MinPrice: 2_000, DailyCap: 100_000, OrderEpochs: 6, LeaseSeconds: 86_400, ClockSkew: 10,
			ClockAge: 180, EpochSeconds: 600,
		},
		Roles: []consortium.RoleHomes{
			{Role: party.Auditor, MSPs: []string{Auditor}},
			{Role: party.Buyer, MSPs: []string{Operator}},
			{Role: party.Custodian, MSPs: Business()},
			{Role: party.Governor, MSPs: Partners()},
			{Role: party.Heartbeat, MSPs: Partners()},
			{Role: party.Licensor, MSPs: []string{Licensors}},
			{Role: party.Oracle, MSPs: []string{Manufacturer, Operator}},
			{Role: party.Reader, MSPs: []string{Auditor, Operator}},
			{Role: party.Registrar, MSPs: []string{Manufacturer}},
		},
	}
	for _, m := range Partners() {
		config.Partners = append(config.Partners, consortium.Partner{
			MSP: m, Name: m[:len(m)-3], Signs: m != Auditor, BundleKey: Base64(SPKI(c.tb, c.BundleKeys[m])),
		})
	}
	return config
}

// Bundle is the trust bundle of the configuration, signed by two partners. previous is the id of the one
// before, "" for sequence 0.
func (c *Consortium) Bundle(sequence int64, previous string) consortium.SignedBundle {
	c.tb.Helper()
	b := signed.Bundle{
		Format: signed.BundleFormat, Sequence: sequence, Previous: previous, Channel: Channel,
		Chaincode: "guildmark", Quorum: 2,
		Treasury: c.Config.Treasury, Network: "regtest", Attested: true,
	}
	for _, p := range c.Config.Partners {
		b.Partners = append(b.Partners, signed.BundlePartner{
			MSP: p.MSP, Roots: []string{Root(c.tb, c.BundleKeys[p.MSP])}, BundleKey: p.BundleKey, Signs: p.Signs,
		})
	}
	return c.SignBundle(b, Manufacturer, Operator)
}

// SignBundle is a trust bundle with the named partners' signatures.
func (c *Consortium) SignBundle(b signed.Bundle, by ...string) consortium.SignedBundle {
	c.tb.Helper()
	s := consortium.SignedBundle{Bundle: Base64(b.Bytes())}
	for _, m := range by {
		s.Signatures = append(s.Signatures,
			consortium.BundleSignature{MSP: m, Signature: Base64(Sign(c.tb, c.BundleKeys[m], b.Bytes()))})
	}
	return s
}
