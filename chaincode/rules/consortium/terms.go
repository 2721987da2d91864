package consortium

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Check judges a configuration by itself.
func (c *Config) Check() error {
	for _, check := range []func() error{
		c.checkNames, c.checkPartners, c.checkQuorum, c.checkRoles, c.checkBitcoin, c.checkTreasury,
		c.checkCommission, c.Limits.check,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkNames() error {
	switch {
	case c.Format != ConfigFormat:
		return ErrConfig.Field("format", c.Format, ConfigFormat)
	case c.Version < 1:
		return ErrConfig.Field("version", c.Version, "1 or more")
	case !ledger.Printable(c.Channel, maxChannel):
		return ErrConfig.Field("channel", c.Channel, "1 to 250 printable characters")
	case !ledger.Printable(c.Chaincode, maxName):
		return ErrConfig.Field("chaincode", c.Chaincode, "1 to 64 printable characters")
	}
	return nil
}

// Bounds of names, far above what is used; the first is the length of a channel's name that Fabric allows.
const (
	maxChannel = 250
	maxName    = 64
)

func (c *Config) checkPartners() error {
	owner := map[string]string{} // of each bundle key
	for i, p := range c.Partners {
		at := fmt.Sprintf("partners[%d].", i)
		switch {
		case !ledger.IsMSP(p.MSP):
			return ErrConfig.Field(at+"msp", p.MSP, "1 to 64 letters and digits")
		case i > 0 && c.Partners[i-1].MSP >= p.MSP:
			return ErrConfig.Field(at+"msp", p.MSP, "an MSP after "+c.Partners[i-1].MSP)
		case !ledger.Printable(p.Name, maxName):
			return ErrConfig.Field(at+"name", p.Name, "1 to 64 printable characters")
		case !isBase64(p.BundleKey):
			return ErrConfig.With(at + "bundleKey, expected base64 of a public key")
		case owner[p.BundleKey] != "":
			return ErrConfig.With(at + "bundleKey, expected another key than " + owner[p.BundleKey] + "'s")
		}
		owner[p.BundleKey] = p.MSP
	}
	if len(c.Partners) < minPartners {
		return ErrConfig.Field("partners", len(c.Partners), "2 or more")
	}
	return nil
}

// minPartners: with one partner nobody could contradict it.
const minPartners = 2

func (c *Config) checkQuorum() error {
	signing := 0
	for _, p := range c.Partners {
		if p.Signs {
			signing++
		}
	}
	if c.Quorum < minQuorum || c.Quorum > signing {
		return ErrConfig.Field("quorum", c.Quorum, "2 to "+strconv.Itoa(signing)+", the number of signing partners")
	}
	return nil
}

// minQuorum: what one partner alone signs or attests has no effect (T4).
const minQuorum = 2

func (c *Config) checkRoles() error {
	for i, r := range c.Roles {
		at := fmt.Sprintf("roles[%d].", i)
		switch {
		case !slices.Contains(party.Roles(), r.Role):
			return ErrConfig.Field(at+"role", r.Role, "a role of the ledger")
		case i > 0 && c.Roles[i-1].Role >= r.Role:
			return ErrConfig.Field(at+"role", r.Role, "a role after "+c.Roles[i-1].Role)
		case len(r.MSPs) == 0 || !ledger.Ascending(r.MSPs):
			return ErrConfig.Field(at+"msps", r.MSPs, "one or more MSPs, sorted, each once")
		}
		for _, msp := range r.MSPs {
			if !c.IsPartner(msp) {
				return ErrConfig.Field(at+"msps", msp, "a partner's MSP")
			}
		}
	}
	if n := len(c.Homes(party.Governor)); n < c.Majority() {
		return ErrConfig.Field("MSPs of role governor", n, strconv.Itoa(c.Majority())+
			" or more, a majority of the partners")
	}
	return nil
}

func (c *Config) checkBitcoin() error {
	b, oracles := c.Bitcoin, len(c.Homes(party.Oracle))
	switch {
	case b.FinalDepth < 1 || b.FinalDepth > maxDepth:
		return ErrConfig.Field("bitcoin.finalDepth", b.FinalDepth, "1 to 1000")
	case b.Attestations < 0 || b.Attestations > oracles:
		return ErrConfig.Field("bitcoin.attestations", b.Attestations, "0 to "+strconv.Itoa(oracles)+
			", the number of MSPs with oracles")
	}
	return nil
}

// maxDepth is package spv's own bound, judged here before the number is cut to 32 bits there.
const maxDepth = 1000

func (c *Config) checkTreasury() error {
	switch t := c.Treasury; {
	case t.Version < 1:
		return ErrConfig.Field("treasury.version", t.Version, "1 or more")
	case t.Descriptor == "":
		return ErrConfig.Field("treasury.descriptor", t.Descriptor, "a BIP-380 descriptor")
	}
	return nil
}

func (c *Config) checkCommission() error {
	m := c.Commission
	switch {
	case m.Rate < 0 || m.Rate > royalty.Whole:
		return ErrConfig.Field("commission.rate", m.Rate, "0 to 100000000")
	case !m.Max.Valid():
		return ErrConfig.Field("commission.max", m.Max, "0 to "+ledger.MaxSatoshi.String())
	case m.Min < 0 || m.Min > m.Max:
		return ErrConfig.Field("commission.min", m.Min, "0 to commission.max, "+m.Max.String())
	case !ledger.IsParty(m.Payee):
		return ErrConfig.Field("commission.payee", m.Payee, "a party id")
	}
	return nil
}

func (l Limits) check() error {
	switch {
	case l.MinPrice < 1 || !l.MinPrice.Valid():
		return ErrConfig.Field("limits.minPrice", l.MinPrice, "1 to "+ledger.MaxSatoshi.String())
	case l.DailyCap < l.MinPrice || !l.DailyCap.Valid():
		return ErrConfig.Field("limits.dailyCap", l.DailyCap, "limits.minPrice, "+l.MinPrice.String()+", to "+
			ledger.MaxSatoshi.String())
	}
	for _, span := range []struct {
		name         string
		value, least int64
	}{
		{"orderEpochs", l.OrderEpochs, 1},
		{"leaseSeconds", l.LeaseSeconds, 0},
		{"clockSkew", l.ClockSkew, 1},
		{"clockAge", l.ClockAge, 1},
		{"epochSeconds", l.EpochSeconds, 1},
	} {
		if span.value < span.least || span.value > maxSpan {
			return ErrConfig.Field("limits."+span.name, span.value,
				fmt.Sprintf("%d to %d", span.least, int64(maxSpan)))
		}
	}
	return nil
}

// maxSpan bounds every span of time, so that sums of them can't overflow: 100 years of seconds.
const maxSpan = 100 * 366 * 24 * 3600
