package consortium

import (
	"slices"
	"strconv"
)

// Succeeds judges whether next may follow the configuration in force, whose bytes hash to previous ("" for
// none).
func (c *Config) Succeeds(next *Config, previous string) error {
	if err := next.Check(); err != nil {
		return err
	}
	switch {
	case next.Version != c.Version+1:
		return ErrVersion.Field("version", next.Version, strconv.Itoa(c.Version+1))
	case next.Previous != previous:
		return ErrVersion.Field("previous", next.Previous, strconv.Quote(previous))
	case c.Version > 0:
		return c.keeps(next)
	}
	return nil
}

// keeps refuses changes that would turn what stands on the ledger into something else: longer epochs would
// stop the count of epochs (and with it expiry and daily caps) for years, shorter ones would end every open
// order at once, and a descriptor under a number that is taken would make orders name two treasuries (T21).
func (c *Config) keeps(next *Config) error {
	switch {
	case next.Channel != c.Channel:
		return ErrConfig.Field("channel", next.Channel, "unchanged, "+c.Channel)
	case next.Bitcoin.Network != c.Bitcoin.Network:
		return ErrConfig.Field("bitcoin.network", next.Bitcoin.Network, "unchanged, "+c.Bitcoin.Network)
	case next.Limits.EpochSeconds != c.Limits.EpochSeconds:
		return ErrConfig.Field("limits.epochSeconds", next.Limits.EpochSeconds, "unchanged, "+
			strconv.FormatInt(c.Limits.EpochSeconds, 10))
	case next.Treasury != c.Treasury && next.Treasury.Version <= c.Treasury.Version:
		return ErrConfig.Field("treasury.version", next.Treasury.Version, "more than "+
			strconv.Itoa(c.Treasury.Version)+" for another treasury")
	}
	return nil
}

// MayApprove judges an approval and reports whether it is the one that puts the proposal in force. approved
// are the MSPs that approved before.
func (c *Config) MayApprove(msp string, approved []string) (inForce bool, err error) {
	if slices.Contains(approved, msp) {
		return false, ErrApproved.With(msp)
	}
	return len(approved)+1 >= c.Majority(), nil
}
