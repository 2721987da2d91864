package services

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// patience is how long a service may take to become ready; the slowest needs 2 s on two busy cores (measured).
const patience = time.Minute

// Options say where programs lie and who hears of progress.
type Options struct {
	Programs  string       // folder of the product's programs: partner, gateway, auth
	EKRoots   string       // PEM file of the TPM makers' roots that registrar and custodians accept; written before machines enroll
	Heartbeat string       // pause between ticks as a Go duration, default 20s (T7: at most a third of the clock's greatest age)
	Report    func(string) // one line for each step
}

// Up raises everything above a running network. Repeated, it goes on where it was.
func Up(ctx context.Context, conn topology.Connection, o Options) error {
	s := &services{conn: conn, options: o, control: node.Dial(conn.ControlSocket), open: map[string]caller{}}
	defer s.close()
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"three governors approve the configuration", func(ctx context.Context) error { return approve(ctx, conn, s.as) }},
		{"heartbeats give the ledger its time", s.startHeartbeats},
		{"parties pin their keys", func(ctx context.Context) error { return registerParties(ctx, conn, s.as) }},
		{"the first trust bundle is signed", func(ctx context.Context) error { return putBundle(ctx, conn, s.as) }},
		{"oracles, custodians and registrar run", s.startPartners},
		{"authorization server and gateway run", s.startGateway},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if o.Report != nil {
			o.Report(step.what)
		}
	}
	return nil
}

type services struct {
	conn    topology.Connection
	options Options
	control *node.Client
	channel string // "" = the connection file's
	open    map[string]caller
	closers []func() error
}

// connectionFile is the file that every service reads to find the ledger.
func (s *services) connectionFile() string { return filepath.Join(s.conn.Directory, "connection.json") }

// identity is the folder of one of a partner's identities.
func (s *services) identity(partner, name string) string {
	return filepath.Join(s.conn.Directory, partner, "identities", name)
}

// folder is where a service keeps configuration and data of its own.
func (s *services) folder(partner, service string) string {
	return filepath.Join(s.conn.Directory, partner, "services", service)
}

// as connects as one of a partner's identities, once.
func (s *services) as(partner, name string) (caller, error) {
	if c, ok := s.open[partner+"/"+name]; ok {
		return c, nil
	}
	c, err := client.Open(s.connectionFile(), s.identity(partner, name), client.Config{Channel: s.channel})
	if err != nil {
		return nil, fmt.Errorf("connect as %s of %s: %w", name, partner, err)
	}
	s.closers = append(s.closers, c.Close)
	s.open[partner+"/"+name] = c
	return c, nil
}

func (s *services) close() {
	for _, c := range s.closers {
		_ = c() // the connection of a program that ends
	}
}

// run adds a service that isn't there yet and waits until all of them are ready.
func (s *services) run(ctx context.Context, specs ...node.Spec) error {
	var names []string
	for _, spec := range specs {
		names = append(names, spec.Name)
		if err := s.control.Add(ctx, spec); err != nil && !errors.Is(err, node.ErrExists) {
			return fmt.Errorf("start %s: %w", spec.Name, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.control.Await(ctx, names...); err != nil {
		return fmt.Errorf("waiting for %s (their logs lie in %s): %w", strings.Join(names, ", "), filepath.Join(s.conn.Directory, "logs"), err)
	}
	return nil
}
