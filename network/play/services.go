package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// Line is the product line of the play's machines.
const Line = "mixer-1"

// ServiceOptions configure [Services].
type ServiceOptions struct {
	Programs  string       // folder of the product's programs: partner, gateway, auth
	EKRoots   string       // file or folder of the TPM makers' roots; "": the network's folder ek-roots
	Heartbeat string       // pause between ticks as a Go duration (T7: at most a third of the clock's greatest age)
	Terms     []byte       // values of the first configuration (governor.ParseTerms); nil: the default consortium's
	Report    func(string) // called as each step ends; nil: none
}

// market is what [Services] raises on a running network.
type market struct {
	*council

	layout  Layout
	control *node.Client
	told    process.Market
}

// Services raises everything that the product adds to Fabric: the first configuration, and each partner's services.
// Repeated, it goes on where it was.
func Services(ctx context.Context, conn topology.Connection, o ServiceOptions) (err error) {
	if o.Terms == nil {
		o.Terms = agreed
	}
	c, err := convene(conn, o.Terms)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	layout := Layout{Dir: conn.Directory}
	if o.EKRoots == "" {
		o.EKRoots = layout.EKRoots()
	}
	m := &market{
		council: c, layout: layout, control: node.Dial(conn.ControlSocket),
		told: process.Market{
			Programs: o.Programs, Connection: layout.Connection(), EKRoots: o.EKRoots, Heartbeat: o.Heartbeat,
			Lines: []string{Line},
		},
	}
	for _, step := range []struct {
		done string
		do   func(context.Context) error
	}{
		{"three governors approve the configuration", c.approve},
		{"heartbeats give the ledger its time", m.startHeartbeats},
		{"parties pin their keys", c.registerParties},
		{"the first trust bundle is signed", c.putBundle},
		{"every partner's peer has it", c.everywhere},
		{
			"oracles, custodians and registrar run",
			func(ctx context.Context) error { return m.start(ctx, c.homes, "oracle", "custodian", "registrar") },
		},
		{
			"authorization server and gateway run",
			func(ctx context.Context) error { return m.start(ctx, c.homes, "auth", "gateway") },
		},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.done, err)
		}
		if o.Report != nil {
			o.Report(step.done)
		}
	}
	return nil
}

// startHeartbeats starts the first partner's, which ticks; the others find the clock fresh and step in when
// it grows old.
func (m *market) startHeartbeats(ctx context.Context) error {
	if err := m.start(ctx, m.homes[:1], "heartbeat"); err != nil {
		return err
	}
	ticked, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := m.first().AwaitClock(ticked); err != nil {
		return err
	}
	return m.start(ctx, m.homes[1:], "heartbeat")
}

// start has partners lay out their services of the classes, and waits until all of these are ready.
func (m *market) start(ctx context.Context, homes []*home.Home, classes ...string) error {
	var specs []node.Spec
	var names []string
	for _, class := range classes {
		for _, h := range homes {
			if !slices.ContainsFunc(h.Topology.Services,
				func(s topology.Service) bool { return s.Name == class && s.Partner == h.Partner.Name }) {
				continue
			}
			spec, _, err := process.Service(h, class, m.told)
			if err != nil {
				return err
			}
			specs, names = append(specs, spec), append(names, spec.Name)
		}
	}
	if err := process.Start(ctx, m.control, specs...); err != nil {
		return err
	}
	return process.Await(ctx, m.control, m.layout.Logs(), serviceLimit, names...)
}

// serviceLimit is how long a service may take to become ready; the slowest needs 2 s on two busy cores (measured).
const serviceLimit = time.Minute
