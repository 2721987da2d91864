package consortium

import (
	"slices"
	"strconv"
)

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

// MayApprove judges an approval and reports whether it is the one that puts the proposal in force. approved are the
// MSPs that approved before.
func (c *Config) MayApprove(msp string, approved []string) (inForce bool, err error) {
	if slices.Contains(approved, msp) {
		return false, ErrApproved.With(msp)
	}
	return len(approved)+1 >= c.Majority(), nil
}
