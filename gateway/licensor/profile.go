package licensor

import (
	"errors"
	"io"

	"github.com/guildmark/guildmark/chaincode/profile"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
)

// Profile is a technology whose data this tool can check.
type Profile struct {
	ID    profile.ID
	check func(io.Reader) error
}

// checks is the table of the technologies that this tool can check, each by the reader that machines use.
func checks() map[profile.ID]func(io.Reader) error {
	return map[profile.ID]func(io.Reader) error{beverage.Profile: beverage.Check}
}

// LoadProfile finds a profile by its name.
func LoadProfile(name string) (*Profile, error) {
	check, ok := checks()[profile.ID(name)]
	if !ok {
		return nil, ErrProfile.With("no profile " + name)
	}
	return &Profile{ID: profile.ID(name), check: check}, nil
}

// Check reads technology data to its end. The refusal names the line, the rule, and what stands there
// instead: the data is the licensor's own.
func (p *Profile) Check(data io.Reader) error {
	err := p.check(data)
	if broken, ok := errors.AsType[*beverage.FormatError](err); ok {
		return ErrProfile.With(broken.Detail())
	}
	return err
}
