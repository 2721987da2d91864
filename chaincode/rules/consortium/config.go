package consortium

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Config is the governed configuration; version n+1 takes effect when three of the four partners' governors have
// approved exactly its bytes. Stored canonically under config/<version>, its number under config.
type Config struct {
	Format     string      `json:"format"` // "guildmark/config/1"
	Version    int         `json:"version"`
	Previous   string      `json:"previous"` // Hash of the version before, "" for the first
	Channel    string      `json:"channel"`
	Chaincode  string      `json:"chaincode"`
	Partners   []Partner   `json:"partners"` // sorted by MSP
	Roles      []RoleHomes `json:"roles"`    // sorted by role
	Quorum     int         `json:"quorum"`   // k: partners that must sign an answer or attest a block
	Bitcoin    Bitcoin     `json:"bitcoin"`
	Treasury   Treasury    `json:"treasury"`
	Commission Commission  `json:"commission"`
	Limits     Limits      `json:"limits"`
}

// Partner is a consortium organization.
type Partner struct {
	MSP       string `json:"msp"`
	Name      string `json:"name"`      // operator, manufacturer, licensors, auditor
	Signs     bool   `json:"signs"`     // whether its peers count for signed answers and business endorsement
	BundleKey string `json:"bundleKey"` // base64 SPKI (DER) of its long-lived offline P-256 key (T9)
}

// RoleHomes names the MSPs whose certificates may grant a role (T1).
type RoleHomes struct {
	Role string   `json:"role"`
	MSPs []string `json:"msps"`
}

// Bitcoin fixes the chain that pays: its rules by name, the trusted start and what final means.
type Bitcoin struct {
	Network      string `json:"network"`      // regtest, testnet4, mainnet, ... (spv.RulesFor)
	Checkpoint   string `json:"checkpoint"`   // hex of the trusted spv.Record
	FinalDepth   int    `json:"finalDepth"`   // work-weighted depth at which a block is final
	Attestations int    `json:"attestations"` // partners that must attest a final block; 0 where proof of work is dear (T22)
}

// Treasury is where collect payments go: 2-of-3 of the partners from day one.
type Treasury struct {
	Version    int    `json:"version"`
	Descriptor string `json:"descriptor"` // BIP-380 wsh(sortedmulti(2,...))#checksum, see package payment
}

// Commission is the market's part of every price.
type Commission struct {
	Rate  royalty.Rate   `json:"rate"`
	Min   ledger.Satoshi `json:"min"`
	Max   ledger.Satoshi `json:"max"`
	Payee string         `json:"payee"` // party id
}

// Limits are the governed numbers, each with the rule that needs it (chaincode/docs/rules.md).
type Limits struct {
	MinPrice     ledger.Satoshi `json:"minPrice"`     // T23: 2,000 sat
	DailyCap     ledger.Satoshi `json:"dailyCap"`     // T2: what gateway-held keys may order for a machine in a day
	OrderEpochs  int64          `json:"orderEpochs"`  // how long an order can be paid
	LeaseSeconds int64          `json:"leaseSeconds"` // first lease of a signed license (T20); 0 = none
	ClockSkew    int64          `json:"clockSkew"`    // seconds, T7: 10
	ClockAge     int64          `json:"clockAge"`     // seconds, T7: 180
	EpochSeconds int64          `json:"epochSeconds"` // T8: 600
}

// Recipient is a public key that content keys are wrapped to (T3): a custodian's (HPKE and grant-signing key) or a
// manufacturer's runtime line's (T13). Stored under recipient/<id>, set by its own role and home only.
type Recipient struct {
	Format    string `json:"format"` // "guildmark/recipient/1"
	ID        string `json:"id"`     // custodian: its party id; runtime: "<MSP>.runtime.<line>.<assurance>"
	Role      string `json:"role"`   // "custodian" or "runtime"
	MSP       string `json:"msp"`
	Party     string `json:"party"` // who set it
	Version   int    `json:"version"`
	HPKE      string `json:"hpke"`      // base64 public key, KEM MLKEM768-X25519 (crypto/hpke)
	GrantKey  string `json:"grantKey"`  // custodian: base64 SPKI of the P-256 key that signs meter limits; else ""
	Line      string `json:"line"`      // runtime: product line; else ""
	Assurance string `json:"assurance"` // runtime: tpm, vtpm or software; else ""
}

// Clock is the ledger's own time (T7), key clock.
type Clock struct {
	Time int64 `json:"time"` // Unix seconds, as k partners' processes confirmed
	Tick int64 `json:"tick"` // counts ticks
}

// Epoch is the coarse time that writes judge by (T8), key epoch.
type Epoch struct {
	Number int64 `json:"number"` // Clock.Time / EpochSeconds at its first tick
	Start  int64 `json:"start"`  // Unix seconds
}
