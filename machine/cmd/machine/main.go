// Command machine is a machine's side of the market: it enrolls the machine's TPM, buys licenses, and uses them offline.
//
// It refuses secrets as arguments: they lie in files of mode 0600 that the configuration or a flag names.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/runtime"
)

const help = `machine buys licenses of technology data and uses them without a network.

usage: machine COMMAND [--config machine.json] [--output text|json] [flags]

  enroll --code-file FILE   make this machine known; FILE holds the one-time code from the registrar's partner
  wallet [address|balance]  where to send coins to this machine, and what it has
  buy --offer ID            order, check, pay, wait for the license and its grant; --at-most SAT bounds the price,
                            --wait DURATION the patience (10m). Interrupted? The same command goes on.
  licenses                  what this machine holds, with the uses that its TPM has counted
  use --license ID          make the product once, offline; ID may be shortened. --count N makes N of them
  sync                      finish what was interrupted, deliver receipts, renew signed licenses
  verify FILE               judge a signed file under this machine's trust bundle
  doctor                    look at everything a purchase and a use need, and say what to do
  --version                 the version and commit

A first day:  machine doctor; machine enroll --code-file code; machine wallet address; machine buy --offer ...; machine use --license ...
Exit code: 0 done, 1 refused or failed (the code of the check that refused is printed), 2 wrong usage.
machine/docs/machine.md describes the configuration and every refusal.
`

// errUsage says that the command line can't be understood.
var errUsage = errors.New("wrong usage")

func main() {
	if len(os.Args) == 2 && os.Args[1] == "runtime" { // not for people: package runtime starts it for one job
		os.Exit(runtime.Main(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		_, _ = fmt.Fprint(out, help)
		return 0
	}
	if args[0] == "--version" {
		_, _ = fmt.Fprintln(out, "machine", host.Version())
		return 0
	}
	do, ok := commands()[args[0]]
	if !ok {
		_, _ = fmt.Fprintf(errs, "machine: no command %q; `machine help` lists them\n", args[0])
		return 2
	}
	t, err := parse(args[0], args[1:], out, errs)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = t.perform(ctx, do)
	}
	return t.conclude(err)
}

// command does one thing with an open agent and gives what to print.
type command func(ctx context.Context, t *task) (any, error)

func commands() map[string]command {
	return map[string]command{
		"enroll": enroll, "wallet": showWallet, "buy": buy, "licenses": licenses, "use": use, "sync": synchronize,
		"verify": verify, "doctor": doctor,
	}
}

// perform opens configuration, state folder and agent around a command.
func (t *task) perform(ctx context.Context, do command) (err error) {
	if t.config, err = agent.LoadConfig(t.configFile); err != nil {
		return err
	}
	store, err := folder.Open(t.config.State)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	purse, err := t.openPurse()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, purse.close()) }()
	t.purse = purse
	options := agent.Options{
		Report: t.report,
		Start: func(ctx context.Context, job runtime.Job, report func(runtime.Event)) error {
			return runtime.Start(ctx, program, []string{"runtime"}, job, report)
		},
	}
	if purse.wallet != nil {
		options.Payer = purse
	}
	if t.agent, err = agent.New(t.config, store, options); err != nil {
		return err
	}
	result, err := do(ctx, t)
	if result != nil {
		t.show(result)
	}
	return err
}
