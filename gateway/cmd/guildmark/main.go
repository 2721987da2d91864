// Command guildmark is a licensor's tool at home: it seals technology data, publishes and offers it, and shows what is on
// offer.
//
// It refuses to send plaintext or a key anywhere, and to seal for keys that its own trust bundle doesn't vouch for.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

const help = `guildmark seals, publishes and shows technology data.

  guildmark bundle    writes the consortium's trust bundle to a file and shows its id
  guildmark seal      checks data against its profile and seals it into a folder; needs no gateway
  guildmark publish   puts a sealed folder on the ledger, uploads it, waits for the custodians, offers it
  guildmark offers    lists what is on offer at a gateway

A first sale, step by step:
  1. guildmark bundle --connection connection.json --identity my-identity --out bundle.json
     Compare its id over a second way: everything rests on it.
  2. guildmark seal --data drink.jsonl --profile beverage/1 --title "Sunrise" --bundle bundle.json \
       --connection connection.json --identity my-identity --custodians OperatorMSP,LicensorsMSP --lines mixer --out sunrise
  3. guildmark publish --folder sunrise --connection connection.json --identity my-identity \
       --gateway https://market.example --price 25000 --uses 3 --contributor PARTY=2 --contributor PARTY=1

Sealing happens here: the recipe never leaves this computer unsealed. Only machines that bought a license can open it,
and no single partner of the consortium can. Publishing can be repeated after any interruption; what is done stays done.

Every command takes --help and --output json. Exit code 0 good, 1 refused or failed, 2 wrong usage.
`

// errUsage says that the command line can't be understood.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// output is where a command's result goes: words for people, or one JSON document.
type output struct {
	out  io.Writer
	errs io.Writer // progress
	json bool
}

// result writes a command's result.
func (o *output) result(v any, words string) error {
	if !o.json {
		_, err := fmt.Fprintln(o.out, words)
		return err
	}
	e := json.NewEncoder(o.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// progress tells a person what is going on.
func (o *output) progress(step, detail string) {
	_, _ = fmt.Fprintf(o.errs, "%-10s %s\n", step, detail)
}

type command func(ctx context.Context, flags *flag.FlagSet, args []string, o *output) error

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		_, _ = fmt.Fprint(out, help)
		return 0
	}
	if args[0] == "--version" {
		_, _ = fmt.Fprintln(out, "guildmark", host.Version())
		return 0
	}
	do, ok := map[string]command{"bundle": bundle, "seal": seal, "publish": publishFolder, "offers": offers}[args[0]]
	if !ok {
		_, _ = fmt.Fprintf(errs, "guildmark: no command %q; `guildmark help` lists them\n", args[0])
		return 2
	}
	o := &output{out: out, errs: errs}
	flags := flag.NewFlagSet("guildmark "+args[0], flag.ContinueOnError)
	flags.SetOutput(errs)
	err := do(ctx, flags, args[1:], o)
	return report(args[0], err, o)
}

// report turns the end of a command into an exit code; a refusal is told with its code, as JSON if that was asked for.
func report(name string, err error, o *output) int {
	var refusal *ledger.Refusal
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(o.errs, "guildmark %s: %v\n`guildmark %s --help` shows its flags\n", name, err, name)
		return 2
	case o.json && errors.As(err, &refusal):
		_ = o.result(map[string]any{"refusal": refusal}, "")
	}
	_, _ = fmt.Fprintf(o.errs, "guildmark %s: %v\n", name, err)
	return 1
}

// parse reads a command's flags and refuses what is left over, and the output format.
func parse(flags *flag.FlagSet, args []string, o *output) error {
	format := flags.String("output", "text", "text or json")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	o.json = *format == "json"
	if *format != "json" && *format != "text" {
		return fmt.Errorf("%w: --output %s", errUsage, *format)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: %q is too much", errUsage, flags.Arg(0))
	}
	return nil
}

// need refuses the first missing flag.
func need(values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] == "" {
			return fmt.Errorf("%w: --%s is needed", errUsage, name)
		}
	}
	return nil
}
