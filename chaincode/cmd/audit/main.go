// Command audit copies the ledger's blocks and Bitcoin's headers to files, and checks both without asking any peer or
// node again.
//
// Does not change anything on the ledger, and does not change a copy that replay reads.
package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

const guide = `
An audit of the network that ` + "`make up`" + ` starts, typed in the project's folder:

  1. audit copy --identity build/net/auditor/identities/auditor --out build/blocks
     Repeated, it goes on where the copy ends.
  2. audit headers --out build/headers.json
  3. audit replay --headers build/headers.json build/blocks

replay exits with 0 when all is in order, with 1 when something is wrong with the ledger or its copy, and with 2 when the
audit itself could not be made. It asks no peer and no node: its report follows from the copied files and the hash of
the genesis block. chaincode/audit/docs/audit.md lists each check, and what an audit can't show.`

// errWrong means that the ledger or its copy is not in order. The report says where and what.
var errWrong = ledger.Refuse(ledger.Conflict, "audit.wrong",
	"the ledger or its copy is not in order: the report says where")

func main() {
	os.Exit(command.Main(program(), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

func program() *command.Command {
	return &command.Command{
		Name: "audit", Version: host.Version(), Short: "copies a ledger and checks every byte of the copy.",
		Guide:    guide,
		Commands: []*command.Command{copyCommand(), headersCommand(), replayCommand()},
		Exit: func(err error) int {
			if errors.Is(err, errWrong) {
				return command.ExitFailed
			}
			return command.ExitUsage
		},
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	return command.Execute(ctx, program(), args, command.Console{Out: out, Err: errs})
}
