package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
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
		return heartbeat.Run(ctx, w.any, heartbeat.Config{Interval: interval, Log: log, Ticked: func() { h.good.Store(true) }})
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
			return rpc.Open(rpc.Config{RPC: n.RPC, Certificate: n.Certificate, Credentials: n.Credentials, Network: n.Network})
		}
	}
	return nil, fmt.Errorf("%w: the connection file names no Bitcoin node %q", errUsage, name)
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
		return fmt.Errorf("%w: %w", errUsage, err)
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
		return fmt.Errorf("%w: a registrar without listen serves nobody", errUsage)
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
		MSP: who.MSP, Party: who.Party, State: c.State, List: c.Codes, Lines: c.Lines, Gateway: c.Gateway, Issuer: c.Issuer,
		Ledger: w, Roots: activation.Roots(c.EKRoots), Log: log,
	})
	if err != nil {
		return err
	}
	return c.beside(ctx, log, reg.Handler(), reg.Run)
}

// addCode is `partner registrar code`.
func addCode(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("partner registrar code", flag.ContinueOnError)
	flags.SetOutput(out)
	path := flags.String("config", "", "the registrar's configuration file")
	owner := flags.String("owner", "", "party id of the buyer who will own the machine")
	line := flags.String("line", "", "product line that this registrar serves, e.g. mixer-1")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	var c registrarConfig
	if err := load(*path, &c); err != nil {
		return err
	}
	code, err := registrar.Add(c.Codes, *owner, *line, c.Lines)
	if errors.Is(err, registrar.ErrLine) || errors.Is(err, registrar.ErrOwner) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, code)
	return err
}
