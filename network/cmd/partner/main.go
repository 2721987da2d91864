// Command partner runs what acts for one partner of the consortium: heartbeat, oracle, custodian, registrar, each as a
// process of its own.
//
// It refuses a configuration that others can read, and runs one service a process: no process holds two identities.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/host"
)

const help = `partner runs one service of one partner until it is told to stop.

  partner heartbeat --config FILE    proposes the time to the ledger
  partner oracle    --config FILE    relays Bitcoin headers, attests final blocks, proves payments
  partner custodian --config FILE    keeps halves of license shares, answers grants
  partner registrar --config FILE    enrolls machines
  partner registrar code --config FILE --owner PARTY --line LINE
                                     prints a one-time enrollment code for an owner's machine

Each configuration is a JSON file with mode 0600; network/docs/partner.md describes it with an example for each.
Logs go to standard error as JSON lines. Exit code 0 after SIGTERM or SIGINT, 1 failed, 2 wrong usage.
`

// errUsage says that command line or configuration can't be used.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// service runs until ctx ends.
type service func(ctx context.Context, config string, log *slog.Logger) error

func services() map[string]service {
	return map[string]service{"heartbeat": runHeartbeat, "oracle": runOracle, "custodian": runCustodian, "registrar": runRegistrar}
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		_, _ = fmt.Fprint(out, help)
		return 0
	}
	if args[0] == "--version" {
		_, _ = fmt.Fprintln(out, "partner", host.Version())
		return 0
	}
	log, err := host.Log(errs, "")
	if err == nil {
		log = log.With(slog.String("service", args[0]))
		err = dispatch(ctx, args, out, log)
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(errs, "partner %s: %v\n", args[0], err)
		return 2
	}
	log.Error("ended", slog.Any("error", err))
	return 1
}

func dispatch(ctx context.Context, args []string, out io.Writer, log *slog.Logger) error {
	if args[0] == "registrar" && len(args) > 1 && args[1] == "code" {
		return addCode(args[2:], out)
	}
	do, ok := services()[args[0]]
	if !ok {
		return fmt.Errorf("%w: no service %q; `partner help` lists them", errUsage, args[0])
	}
	flags := flag.NewFlagSet("partner "+args[0], flag.ContinueOnError)
	flags.SetOutput(out)
	config := flags.String("config", "", "configuration file, mode 0600 (network/docs/partner.md)")
	if err := flags.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if *config == "" || flags.NArg() > 0 {
		return fmt.Errorf("%w: --config FILE is needed and nothing else", errUsage)
	}
	err := do(ctx, *config, log)
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		log.Info("stopped")
		return nil
	}
	return err
}
