package play

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/partner/governor"
	"github.com/guildmark/guildmark/network/partner/heartbeat"
	"github.com/guildmark/guildmark/network/topology"
)

// agreed are the terms on which the partners of the default consortium agreed.
//
//go:embed terms.json
var agreed []byte

// council is the partners' governors, each at its own home. A step of one partner only is the first one's.
type council struct {
	conn    topology.Connection
	homes   []*home.Home
	members []*governor.Partner
}

// convene opens each partner's home and connects its governor to the channel that conn names.
func convene(conn topology.Connection, text []byte) (*council, error) {
	terms, err := governor.ParseTerms(text)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range conn.Peers {
		names = append(names, p.Partner)
	}
	layout := Layout{Dir: conn.Directory}
	c := &council{conn: conn}
	if c.homes, err = openHomes(layout, names); err != nil {
		return nil, err
	}
	for _, h := range c.homes {
		m, err := governor.Open(h, layout.Connection(), conn.Channel, terms)
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.members = append(c.members, m)
	}
	return c, nil
}

func (c *council) close() error {
	var errs []error
	for _, m := range c.members {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// all runs a step of each governor at its own home, all at once.
func (c *council) all(ctx context.Context, what string, do func(context.Context, *governor.Partner) error) error {
	at := map[*home.Home]*governor.Partner{}
	for i, h := range c.homes {
		at[h] = c.members[i]
	}
	return each(ctx, c.homes, what, func(ctx context.Context, h *home.Home) error { return do(ctx, at[h]) })
}

func (c *council) first() *governor.Partner { return c.members[0] }

// approve brings the first configuration in force: each partner publishes its card, the first proposes the
// configuration of terms and cards, and each one that signs composes the same by itself and approves it.
// Repeated, it finds it in force.
func (c *council) approve(ctx context.Context) error {
	if _, ok, err := c.first().Config(ctx); ok || err != nil {
		return err
	}
	for i, m := range c.members {
		if err := m.PublishCard(); err != nil {
			return fmt.Errorf("card of %s: %w", c.homes[i].Partner.Name, err)
		}
	}
	if err := carryAll(c.homes); err != nil {
		return err
	}
	config, err := c.first().Compose()
	if err != nil {
		return err
	}
	if err := c.first().Propose(ctx, config); err != nil {
		return err
	}
	for i, m := range c.members {
		if !m.Signs() {
			continue
		}
		config, err := m.Compose()
		if err == nil {
			err = m.Approve(ctx, config)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", c.homes[i].Partner.Name, err)
		}
	}
	return nil
}

func (c *council) registerParties(ctx context.Context) error {
	return c.all(ctx, "parties", func(ctx context.Context,
		m *governor.Partner,
	) error {
		return m.RegisterParties(ctx)
	})
}

// putBundle brings the first trust bundle onto the ledger: the first partner drafts it, each signs what it makes by
// itself, the first submits all signatures.
func (c *council) putBundle(ctx context.Context) error {
	if ok, err := c.first().Bundled(ctx); ok || err != nil {
		return err
	}
	if err := c.first().DraftBundle(ctx); err != nil {
		return err
	}
	if err := carryAll(c.homes); err != nil {
		return err
	}
	drafter := c.homes[0].Partner.Name
	err := c.all(ctx, "signature", func(ctx context.Context,
		m *governor.Partner,
	) error {
		return m.SignBundle(ctx, drafter)
	})
	if err != nil {
		return err
	}
	if err := carryAll(c.homes); err != nil {
		return err
	}
	return c.first().SubmitBundle(ctx)
}

// everywhere waits until each partner's peer has the trust bundle, which is the last block: other processes
// begin then, which can't know of it (T34).
func (c *council) everywhere(ctx context.Context) error { return c.first().Everywhere(ctx) }

// Govern does the part of [Services] that starts no process, on the channel that conn names: configuration, a
// first tick, parties, trust bundle; in the end every partner's peer has it. Tests of the ledger itself need
// no more. Partners who collude can do it on a channel of their own; no machine believes what such a channel
// signs.
func Govern(ctx context.Context, conn topology.Connection) (err error) {
	c, err := convene(conn, agreed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.approve(ctx); err != nil {
		return err
	}
	first := c.homes[0]
	if err := heartbeat.Once(ctx, Layout{Dir: conn.Directory}.Connection(), first.Identity("heartbeat"),
		conn.Channel); err != nil {
		return fmt.Errorf("first tick: %w", err)
	}
	if err := c.registerParties(ctx); err != nil {
		return err
	}
	if err := c.putBundle(ctx); err != nil {
		return err
	}
	return c.everywhere(ctx)
}
