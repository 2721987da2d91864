// Command machine is a machine's side of the market: it enrolls the machine's TPM, buys licenses, and uses them
// offline.
//
// Does not take a secret as an argument: secrets lie in files of mode 0600 that the configuration or a flag names.
package main

import (
	"context"
	"io"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/machine/runtime"
)

const guide = `
A first day, in the folder with machine.json:

  1. machine doctor
     What is missing still, and what to do about it.
  2. machine enroll --code-file code
     The file holds the one-time code from the registrar's partner; chmod 600 it.
  3. machine wallet address
     Send coins there.
  4. machine buy --offer OFFER --at-most 25000
     OFFER is an id that ` + "`guildmark offers`" + ` lists.
  5. machine licenses
  6. machine use --license LICENSE
     Works without a network, like licenses and verify.
  7. machine sync

An interrupted command goes on when it is repeated. machine/docs/machine.md describes the configuration and every
refusal.`

func main() {
	if len(os.Args) == 2 && os.Args[1] == "runtime" { // not for people: package runtime starts it for one job
		os.Exit(runtime.Main(os.Stdin, os.Stdout))
	}
	os.Exit(command.Main(program(), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

func program() *command.Command {
	return &command.Command{
		Name: "machine", Version: host.Version(), Guide: guide,
		Short: "buys licenses of technology data and uses them without a network.",
		Commands: []*command.Command{
			doctorCommand(), enrollCommand(), walletCommand(), buyCommand(), licensesCommand(), useCommand(),
			syncCommand(),
			verifyCommand(), tokenCommand(),
		},
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	return command.Execute(ctx, program(), args, command.Console{Out: out, Err: errs})
}
