package consortium

import (
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Config is the governed configuration; version n+1 takes effect when three of the four partners' governors
// have approved exactly its bytes. Stored canonically under config/<version>, its number under config.
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
	Network    string `json:"network"`    // regtest, testnet4, mainnet, ... (spv.RulesFor)
	Checkpoint string `json:"checkpoint"` // hex of the trusted spv.Record
	FinalDepth int    `json:"finalDepth"` // work-weighted depth at which a block is final
	// partners that must attest a final block; 0 where proof of work is dear (T22)
	Attestations int `json:"attestations"`
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

// Formats of this package's documents.
const (
	ConfigFormat    = "guildmark/config/1"
	RecipientFormat = "guildmark/recipient/1"
)

// BuiltInPartners are the MSPs whose governors agree on the first configuration.
func BuiltInPartners() []string {
	return []string{"AuditorMSP", "LicensorsMSP", "ManufacturerMSP", "OperatorMSP"}
}

// Homes are the MSPs that may grant the role under this configuration (party.Homes); the zero Config knows
// governors of the built-in partners alone.
func (c *Config) Homes(role string) []string {
	if c.Version == 0 {
		if role == party.Governor {
			return BuiltInPartners()
		}
		return nil
	}
	for _, r := range c.Roles {
		if r.Role == role {
			return r.MSPs
		}
	}
	return nil
}

// Majority is how many partners must approve the configuration that follows c: more than half, 3 of 4.
func (c *Config) Majority() int {
	if c.Version == 0 {
		return len(BuiltInPartners())/2 + 1
	}
	return len(c.Partners)/2 + 1
}

// Partner finds a partner by its MSP.
func (c *Config) Partner(msp string) (Partner, bool) {
	i := slices.IndexFunc(c.Partners, func(p Partner) bool { return p.MSP == msp })
	if i < 0 {
		return Partner{}, false
	}
	return c.Partners[i], true
}

// IsPartner reports whether an MSP is a partner's.
func (c *Config) IsPartner(msp string) bool {
	_, ok := c.Partner(msp)
	return ok
}

// CheckInForce refuses the zero Config, which stands for none in force.
func (c *Config) CheckInForce() error {
	if c.Version == 0 {
		return ErrNoConfig
	}
	return nil
}

// CheckChannel refuses a configuration that names another channel than the one it is proposed on.
func (c *Config) CheckChannel(channel string) error {
	if c.Channel != channel {
		return ErrConfig.Field("channel", c.Channel, channel+", the channel of the proposal")
	}
	return nil
}

// CheckHeaderSource judges who may bring Bitcoin headers. Where final blocks are attested, work may be free:
// a buyer's headers could then outweigh the partners' chain, take final blocks back and raise the alarm
// (T22).
func (c *Config) CheckHeaderSource(role string) error {
	if c.Bitcoin.Attestations > 0 && role != party.Oracle {
		return ErrOnlyOracles.With(role)
	}
	return nil
}

// Hash is the name under which the next configuration refers to this one, "" for the zero Config.
func (c *Config) Hash() string {
	if c.Version == 0 {
		return ""
	}
	return ledger.Digest(ledger.Encode(c))
}
