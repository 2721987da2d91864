package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/machine/market"
)

// Token signs the machine in by its TPM and gives an access token of one scope, for a person who asks the
// gateway by hand. Nothing is kept.
func (a *Agent) Token(ctx context.Context, scope string) (token market.Token, err error) {
	s, err := a.open(ctx)
	if err != nil {
		return token, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return s.signIn.Token(ctx, scope)
}
