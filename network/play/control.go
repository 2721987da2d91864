package play

import (
	"context"
	"slices"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/process"
)

// StartLimit is how long [Network.Start] waits by default: every process is ready within 3 s on a quiet computer.
const StartLimit = time.Minute

func (n *Network) await(ctx context.Context, limit time.Duration, selectors ...string) error {
	return process.Await(ctx, n.control, n.layout.Logs(), limit, selectors...)
}

// chosen lists the processes that fit the selectors.
func chosen(list []node.Status, selectors []string) []node.Status {
	return slices.DeleteFunc(slices.Clone(list),
		func(p node.Status) bool { return !slices.ContainsFunc(selectors, p.Matches) })
}

// Stop stops the selected processes, which stay down until they are started, and returns their status. It
// returns [ErrChain] instead of stopping the last Bitcoin nodes that have a chain.
func (n *Network) Stop(ctx context.Context, selectors ...string) ([]node.Status, error) {
	return n.act(ctx, selectors, func(ctx context.Context) error { return n.control.Stop(ctx, selectors...) })
}

// Kill sends SIGKILL to the selected processes as an accident would; the supervisor starts them again. It returns
// [ErrChain] as Stop does.
func (n *Network) Kill(ctx context.Context, limit time.Duration, selectors ...string) ([]node.Status, error) {
	return n.act(ctx, selectors, func(ctx context.Context) error {
		if err := n.control.Kill(ctx, selectors...); err != nil {
			return err
		}
		return n.await(ctx, limit, selectors...)
	})
}

// Restart stops and starts the selected processes and waits until they are ready. It returns [ErrChain] as
// Stop does.
func (n *Network) Restart(ctx context.Context, limit time.Duration, selectors ...string) ([]node.Status, error) {
	return n.act(ctx, selectors, func(ctx context.Context) error {
		if err := n.control.Restart(ctx, selectors...); err != nil {
			return err
		}
		return n.await(ctx, limit, selectors...)
	})
}

// Start starts the selected processes and waits until they are ready; [process.ErrLate] names those that are not.
func (n *Network) Start(ctx context.Context, limit time.Duration, selectors ...string) ([]node.Status, error) {
	if err := n.control.Start(ctx, selectors...); err != nil {
		return nil, err
	}
	if err := n.await(ctx, limit, selectors...); err != nil {
		return nil, err
	}
	list, err := n.control.List(ctx)
	return chosen(list, selectors), err
}

// act runs a command that stops processes, unless the chain would be lost with them.
func (n *Network) act(ctx context.Context, selectors []string, do func(context.Context) error) ([]node.Status,
	error,
) {
	list, err := n.control.List(ctx)
	if err != nil {
		return nil, err
	}
	if err := n.keepsChain(ctx, list, selectors); err != nil {
		return nil, err
	}
	if err := do(ctx); err != nil {
		return nil, err
	}
	list, err = n.control.List(ctx)
	return chosen(list, selectors), err
}
