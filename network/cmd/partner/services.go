package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/network/partner/activation"
	"github.com/guildmark/guildmark/network/partner/custodian"
	"github.com/guildmark/guildmark/network/partner/heartbeat"
	"github.com/guildmark/guildmark/network/partner/oracle"
	"github.com/guildmark/guildmark/network/partner/registrar"
	"github.com/guildmark/guildmark/network/topology"
)

func runHeartbeat(ctx context.Context, path string, log *slog.Logger) error {
	var c heartbeatConfig
	if err := load(path, &c); err != nil {
		return err
	}
	interval, err := duration(c.Interval, heartbeat.Interval)
	if err != nil {
		return err
	}
	w, err := c.open(log)
	if err != nil {
		return err
	}
	defer w.close()
	var h health
	return c.beside(ctx, log, h.handler(), func(ctx context.Context) error {
		return heartbeat.Run(ctx, w.any,
			heartbeat.Config{Interval: interval, Log: log, Ticked: func() { h.good.Store(true) }})
	})
}

func runOracle(ctx context.Context, path string, log *slog.Logger) error {
	var c oracleConfig
	if err := load(path, &c); err != nil {
		return err
	}
	interval, err := duration(c.Interval, oracle.Interval)
	if err != nil {
		return err
	}
	conn, who, err := c.who()
	if err != nil {
		return err
	}
	node, err := openNode(conn, c.Node)
	if err != nil {
		return err
	}
	defer node.Close()
	w, err := c.open(log)
	if err != nil {
		return err
	}
	defer w.close()
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	var h health
	o, err := oracle.New(oracle.Config{
		MSP: who.MSP, State: c.State, Ledger: wide{w}, Node: node, Interval: interval, Log: log,
		Rounded: func() { h.good.Store(true) },
	})
	if err != nil {
		return err
	}
	return c.beside(ctx, log, h.handler(), o.Run)
}

func openNode(conn topology.Connection, name string) (*rpc.Node, error) {
	for _, n := range conn.Bitcoin {
		if n.Name == name {
			return rpc.Open(rpc.Config{
				RPC: n.RPC, Certificate: n.Certificate, Credentials: n.Credentials,
				Network: n.Network,
			})
		}
	}
	return nil, fmt.Errorf("the connection file names no Bitcoin node %q", name)
}

// fetchTimeout bounds one fetch of a key envelope.
const fetchTimeout = 30 * time.Second

func runCustodian(ctx context.Context, path string, log *slog.Logger) error {
	var c custodianConfig
	if err := load(path, &c); err != nil {
		return err
	}
	conn, who, err := c.who()
	if err != nil {
		return err
	}
	w, err := c.open(log)
	if err != nil {
		return err
	}
	defer w.close()
	roots, err := host.RootsOrSystem(c.Gateway.Roots)
	if err != nil {
		return fmt.Errorf("gateway.roots: %w", err)
	}
	fetch := host.Client(roots, nil, fetchTimeout)
	cust, err := custodian.New(custodian.Settings{
		MSP: who.MSP, Party: who.Party, Channel: conn.Channel, State: c.State, Ledger: w,
		Content: custodian.HTTPContent(fetch, c.Gateway.URL), Roots: activation.Roots(c.EKRoots), Log: log,
	})
	if err != nil {
		return err
	}
	return c.beside(ctx, log, cust.Handler(), cust.Run)
}

func runRegistrar(ctx context.Context, path string, log *slog.Logger) error {
	var c registrarConfig
	if err := load(path, &c); err != nil {
		return err
	}
	if c.Listen == "" {
		return host.Expected(path, "listen", "an address to listen on", c.Listen)
	}
	_, who, err := c.who()
	if err != nil {
		return err
	}
	w, err := c.open(log)
	if err != nil {
		return err
	}
	defer w.close()
	reg, err := registrar.New(registrar.Settings{
		MSP: who.MSP, Party: who.Party, State: c.State, List: c.Codes, Lines: c.Lines, Gateway: c.Gateway,
		Issuer: c.Issuer,
		Ledger: w, Roots: activation.Roots(c.EKRoots), Log: log,
	})
	if err != nil {
		return err
	}
	return c.beside(ctx, log, reg.Handler(), reg.Run)
}
