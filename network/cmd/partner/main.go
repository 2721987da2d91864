// Command partner runs what acts for one partner of the consortium: heartbeat, oracle, custodian, registrar,
// each as a process of its own.
//
// Does not take a configuration that others can read, and runs one service a process: no process holds two
// identities.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
)

const guide = `
Each service runs until SIGINT, SIGTERM or SIGHUP, with the configuration of one partner: a JSON file with mode 0600 that
network/docs/services.md describes, with an example for each. Logs go to standard error as JSON lines.

On a network that ` + "`make up`" + ` started the services run already. To run one by hand:

  network stop heartbeat.operator
  partner heartbeat --config build/net/operator/services/heartbeat/config.json`

func main() {
	os.Exit(command.Main(program(), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

func program() *command.Command {
	return &command.Command{
		Name: "partner", Version: host.Version(), Guide: guide,
		Short: "runs one service of one partner until it is told to stop.",
		Commands: []*command.Command{
			serviceCommand("heartbeat", "operator", "proposes the time to the ledger.", runHeartbeat),
			serviceCommand("oracle", "operator",
				"relays Bitcoin headers, attests final blocks and proves payments.", runOracle),
			serviceCommand("custodian", "operator", "keeps halves of license shares and answers grants.",
				runCustodian),
			serviceCommand("registrar", "manufacturer", "enrolls machines.", runRegistrar, codeCommand()),
		},
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	return command.Execute(ctx, program(), args, command.Console{Out: out, Err: errs})
}

// service runs until ctx ends.
type service func(ctx context.Context, config string, log *slog.Logger) error

// serviceCommand is one service; partner is whose configuration the example names.
func serviceCommand(name, partner, short string, serve service, below ...*command.Command) *command.Command {
	var config string
	return &command.Command{
		Name: name, Short: short, Commands: below,
		Example: fmt.Sprintf("network stop %s.%s\npartner %s --config build/net/%s/services/%s/config.json",
			name, partner, name, partner, name),
		Flags: func(f *command.Flags) { configFlag(f, &config) },
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			log, err := host.Log(call.Console.Err, "")
			if err != nil {
				return nil, err
			}
			log = log.With(slog.String("service", name))
			err = serve(ctx, config, log)
			if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
				log.InfoContext(ctx, "stopped")
				return nil, nil
			}
			return nil, err
		},
	}
}

func configFlag(f *command.Flags, config *string) {
	f.StringVar(config, "config", "", "`FILE` configuration, mode 0600 (network/docs/services.md)")
	f.Need("config")
}
