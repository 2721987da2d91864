package consortium

import (
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

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
