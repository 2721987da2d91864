package play

import (
	"context"
	"fmt"
	"sync"

	"github.com/guildmark/guildmark/network/home"
)

// each runs a step of all partners at once; its error names the partner that failed first.
func each(ctx context.Context, homes []*home.Home, what string, do func(context.Context, *home.Home) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for _, h := range homes {
		group.Go(func() {
			if err := do(ctx, h); err != nil {
				cancel(fmt.Errorf("%s of %s: %w", what, h.Partner.Name, err)) // the first one counts
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

func (n *Network) each(ctx context.Context, what string, do func(context.Context, *home.Home) error) error {
	return each(ctx, n.homes, what, do)
}
