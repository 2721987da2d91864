// Command network sets up, watches and stops a consortium's network on this machine.
// It refuses to run product services by itself and to keep anything outside of the network's folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/fabric"
)

const help = `network runs a consortium of four partners on this machine: for each a certificate authority,
an orderer, a peer and a chaincode process, and two Bitcoin regtest nodes.

  network up                      bring it up (the ledger from before, if there is one); --fresh starts over
  network services                on a running network: govern the first configuration, then start heartbeats, oracles,
                                  custodians, the registrar, the authorization server and the gateway
  network status                  who is up, the gateway's address, heights, leader, first certificate to end
  network down                    stop everything; --wipe removes the ledger too
  network channel add NAME        another channel of the same partners with the same chaincode
  network identity add --partner operator --name buyer9 --role buyer
                                  enroll somebody new at a partner's CA
  network mine BLOCKS             add blocks to the regtest chain, whose coins pay the play's faucet
  network fund [--amount SATOSHI] ADDRESS
                                  pay an address from the faucet, with one block on top
  network mine-to ADDRESS         let mined blocks pay this address instead (restarts the nodes, one after another)
  network machine add [--owner BUYER] NAME
                                  make a machine: TPM emulator, enrollment code, machine.json
  network stop|start|restart|kill SELECTOR...
                                  a process (peer.operator), a class (peer), a partner (@operator) or all;
                                  what is killed is started again, what is stopped stays down. The last Bitcoin
                                  node is never stopped: the regtest chain would be lost with it
  network topology                print the description of the consortium, to change and give to up --topology

Everything of a network lies in one folder, build/net (--dir). Other programs read build/net/connection.json;
network/docs/layout.md describes it. Ports are free ones, so two networks can run side by side.

Every command takes --dir and --help; status also --output json. Exit code 0 is good, 1 went wrong, 2 wrong usage.
`

// errUsage says that the command line can't be understood.
var errUsage = errors.New("wrong usage")

func main() {
	// A peer calls this binary through links named like the steps of Fabric's external builders.
	if step := filepath.Base(os.Args[0]); step == "detect" || step == "build" || step == "release" {
		os.Exit(build(step))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is one word after network.
type command func(ctx context.Context, args []string, out io.Writer) error

func commands() map[string]command {
	c := map[string]command{
		"up": up, "down": down, "status": status, "supervise": supervise, "channel": channelAdd, "identity": identityAdd,
		"mine-to": mineTo, "mine": mine, "fund": fund, "machine": machineAdd, "topology": printTopology, "services": raiseServices,
	}
	for _, verb := range []string{"stop", "start", "restart", "kill"} {
		c[verb] = func(ctx context.Context, args []string, out io.Writer) error { return control(ctx, verb, args, out) }
	}
	return c
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		say(out, "%s", help)
		return 0
	}
	if args[0] == "--version" {
		say(out, "network %s\n", host.Version())
		return 0
	}
	do, ok := commands()[args[0]]
	if !ok {
		say(errs, "network: no command %q; `network help` lists them\n", args[0])
		return 2
	}
	err := do(ctx, args[1:], out)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		say(errs, "network %s: %v\n", args[0], err)
		return 2
	case ctx.Err() != nil:
		say(errs, "network %s: interrupted; %v\n", args[0], err)
		return 1
	default:
		say(errs, "network %s: %v\n", args[0], err)
		return 1
	}
}

// build is the external builder: Fabric tells by the exit code whether it may go on, and logs what is said.
func build(step string) int {
	b := fabric.BuilderAt(os.Args[0])
	err := b.Run(step, os.Args[1:])
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	b.Log(step, err) // the peer's log shows it at level debug only
	return 1
}

// options are the flags that all commands share.
type options struct {
	set *flag.FlagSet
	dir string
}

func newOptions(name string, out io.Writer) *options {
	o := &options{set: flag.NewFlagSet("network "+name, flag.ContinueOnError)}
	o.set.SetOutput(out)
	o.set.StringVar(&o.dir, "dir", "build/net", "the network's folder")
	return o
}

func (o *options) parse(args []string) error {
	if err := o.set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	return nil
}

// say tells a person; one who doesn't listen any more is no reason to stop.
func say(out io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(out, format, args...)
}
