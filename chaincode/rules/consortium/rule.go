package consortium

import (
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Formats of this package's documents.
const (
	ConfigFormat    = "guildmark/config/1"
	RecipientFormat = "guildmark/recipient/1"
)

// Refusals of the consortium's own rules.
var (
	ErrConfig       = ledger.Refuse(ledger.Invalid, "config.invalid", "the configuration breaks a rule")
	ErrNoConfig     = ledger.Refuse(ledger.NotFound, "config.none", "no configuration is in force yet")
	ErrVersion      = ledger.Refuse(ledger.Conflict, "config.version", "the configuration does not follow the one in force")
	ErrNotProposed  = ledger.Refuse(ledger.NotFound, "config.not_proposed", "no such configuration is proposed")
	ErrProposed     = ledger.Refuse(ledger.Conflict, "config.proposed", "exactly this configuration is proposed already")
	ErrApproved     = ledger.Refuse(ledger.Conflict, "config.approved", "the partner has approved this configuration already")
	ErrTickSkew     = ledger.Refuse(ledger.Unavailable, "clock.skew", "the proposed time is too far from the endorser's own clock")
	ErrTickBack     = ledger.Refuse(ledger.Conflict, "clock.backwards", "the proposed time is not later than the ledger's clock")
	ErrTime         = ledger.Refuse(ledger.Invalid, "clock.malformed", "the time is not a count of Unix seconds")
	ErrNoClock      = ledger.Refuse(ledger.NotFound, "clock.none", "the ledger's clock has not ticked yet")
	ErrStale        = ledger.Refuse(ledger.Unavailable, "clock.stale", "the ledger's clock is too far from the endorser's own clock")
	ErrTransaction  = ledger.Refuse(ledger.Unavailable, "clock.transaction", "the transaction's timestamp is too far from the endorser's own clock")
	ErrRecipient    = ledger.Refuse(ledger.Invalid, "recipient.invalid", "the recipient document breaks a rule")
	ErrRecipientOf  = ledger.Refuse(ledger.Forbidden, "recipient.foreign", "the recipient belongs to another party or partner")
	ErrRecipientOld = ledger.Refuse(ledger.Conflict, "recipient.version", "the recipient's version is not the next one")
	ErrSecond       = ledger.Refuse(ledger.Conflict, "recipient.second", "the partner's custodian has another recipient already")
	ErrGrantKey     = ledger.Refuse(ledger.Conflict, "recipient.grant_key", "the grant key is another custodian's already")
	ErrRecipients   = ledger.Refuse(ledger.Limit, "recipient.too_many", "the partner has as many recipients as it may")
	ErrOnlyOracles  = ledger.Refuse(ledger.Forbidden, "bitcoin.oracle_only", "where final blocks are attested, only a caller with the role oracle may bring headers")
	ErrNoRecipient  = ledger.Refuse(ledger.NotFound, "recipient.unknown", "no such recipient is registered")
)

// BuiltInPartners are the MSPs whose governors agree on the first configuration.
func BuiltInPartners() []string {
	return []string{"AuditorMSP", "LicensorsMSP", "ManufacturerMSP", "OperatorMSP"}
}

// Homes are the MSPs that may grant the role under this configuration (party.Homes); the zero Config knows governors
// of the built-in partners alone.
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
		return ErrConfig.With("channel " + c.Channel + " on channel " + channel)
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

// Succeeds judges whether next may follow the configuration in force, whose bytes hash to previous ("" for none).
func (c *Config) Succeeds(next *Config, previous string) error {
	if err := next.Check(); err != nil {
		return err
	}
	if next.Version != c.Version+1 || next.Previous != previous {
		return ErrVersion.With(strconv.Itoa(next.Version))
	}
	if c.Version > 0 && (next.Channel != c.Channel || next.Bitcoin.Network != c.Bitcoin.Network) {
		return ErrConfig.With("another channel or Bitcoin network")
	}
	if c.Version > 0 {
		return c.keeps(next)
	}
	return nil
}

// keeps refuses changes that would turn what stands on the ledger into something else: longer epochs would stop the
// count of epochs (and with it expiry and daily caps) for years, shorter ones would end every open order at once, and
// a descriptor under a number that is taken would make orders name two treasuries (T21).
func (c *Config) keeps(next *Config) error {
	if next.Limits.EpochSeconds != c.Limits.EpochSeconds {
		return ErrConfig.With("another length of epochs")
	}
	if next.Treasury != c.Treasury && next.Treasury.Version <= c.Treasury.Version {
		return ErrConfig.With("treasury " + strconv.Itoa(next.Treasury.Version))
	}
	return nil
}

// Check judges a configuration by itself.
func (c *Config) Check() error {
	if c.Format != ConfigFormat || c.Version < 1 || !ledger.Printable(c.Channel, 250) || !ledger.Printable(c.Chaincode, 64) {
		return ErrConfig.With("format, version, channel or chaincode")
	}
	for _, check := range []func() error{c.checkPartners, c.checkRoles, c.checkBitcoin, c.checkMoney, c.checkLimits} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkPartners() error {
	var msps []string
	signing, keys := 0, map[string]bool{}
	for _, p := range c.Partners {
		if !ledger.IsMSP(p.MSP) || !ledger.Printable(p.Name, 64) {
			return ErrConfig.With("partner " + p.MSP)
		}
		if !isBase64(p.BundleKey) || keys[p.BundleKey] {
			return ErrConfig.With("bundle key of " + p.MSP)
		}
		keys[p.BundleKey] = true
		msps = append(msps, p.MSP)
		if p.Signs {
			signing++
		}
	}
	if len(msps) < 2 || !ledger.Ascending(msps) {
		return ErrConfig.With("partners that are fewer than two or not sorted")
	}
	if c.Quorum < 2 || c.Quorum > signing {
		return ErrConfig.With("quorum " + strconv.Itoa(c.Quorum))
	}
	return nil
}

func (c *Config) checkRoles() error {
	var names []string
	for _, r := range c.Roles {
		if !slices.Contains(party.Roles(), r.Role) || len(r.MSPs) == 0 || !ledger.Ascending(r.MSPs) {
			return ErrConfig.With("role " + r.Role)
		}
		for _, msp := range r.MSPs {
			if _, ok := c.Partner(msp); !ok {
				return ErrConfig.With("role " + r.Role + " granted by " + msp)
			}
		}
		names = append(names, r.Role)
	}
	if !ledger.Ascending(names) || len(c.Homes(party.Governor)) < c.Majority() {
		return ErrConfig.With("roles that are not sorted or leave the consortium without governors")
	}
	return nil
}

func (c *Config) checkBitcoin() error {
	b := c.Bitcoin
	if b.FinalDepth < 1 || b.FinalDepth > maxDepth || b.Attestations < 0 || b.Attestations > len(c.Homes(party.Oracle)) {
		return ErrConfig.With("bitcoin depth or attestations")
	}
	return nil
}

// maxDepth is package spv's own bound, judged here before the number is cut to 32 bits there.
const maxDepth = 1000

func (c *Config) checkMoney() error {
	m := c.Commission
	if m.Rate < 0 || m.Rate > royalty.Whole || !m.Min.Valid() || !m.Max.Valid() || m.Min > m.Max || !ledger.IsParty(m.Payee) {
		return ErrConfig.With("commission")
	}
	if c.Treasury.Version < 1 || c.Treasury.Descriptor == "" {
		return ErrConfig.With("treasury")
	}
	return nil
}

func (c *Config) checkLimits() error {
	l := c.Limits
	switch {
	case l.MinPrice < 1 || !l.MinPrice.Valid(), l.DailyCap < l.MinPrice || !l.DailyCap.Valid():
		return ErrConfig.With("limits of price")
	case l.OrderEpochs < 1, l.LeaseSeconds < 0, l.ClockSkew < 1, l.ClockAge < 1, l.EpochSeconds < 1:
		return ErrConfig.With("limits of time")
	case l.OrderEpochs > maxSpan, l.LeaseSeconds > maxSpan, l.ClockSkew > maxSpan, l.ClockAge > maxSpan, l.EpochSeconds > maxSpan:
		return ErrConfig.With("limits of time")
	}
	return nil
}

// maxSpan bounds every span of time, so that sums of them can't overflow: 100 years of seconds.
const maxSpan = 100 * 366 * 24 * 3600

// MayApprove judges an approval and reports whether it is the one that puts the proposal in force. approved are the
// MSPs that approved before.
func (c *Config) MayApprove(msp string, approved []string) (inForce bool, err error) {
	if slices.Contains(approved, msp) {
		return false, ErrApproved.With(msp)
	}
	return len(approved)+1 >= c.Majority(), nil
}
