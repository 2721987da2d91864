// Command guildmark is a licensor's tool at home: it seals technology data, publishes and offers it, and lists the
// offers of a gateway.
//
// Does not send plaintext or a content key anywhere, and does not seal for keys that its own trust bundle
// doesn't vouch for.
package main

import (
	"context"
	"io"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
)

const guide = `
A first sale on the network that ` + "`make up`" + ` starts, typed in the project's folder:

  1. guildmark bundle --identity build/net/licensors/identities/licensor1 --out build/bundle.json
     Ask two partners, over another way, whether the id it prints is their bundle's: everything rests on it.

  2. guildmark seal --data fixtures/beverage/sunrise.jsonl --title Sunrise --bundle build/bundle.json \
       --identity build/net/licensors/identities/licensor1 \
       --custodians OperatorMSP,LicensorsMSP --lines mixer-1 --out build/sunrise

  3. guildmark publish --folder build/sunrise --identity build/net/licensors/identities/licensor1 \
       --price 25000 --uses 3 --contributor licensor1=2 --contributor licensor2=1
     It finds the gateway in build/net/connection.json. Another one: --gateway URL --gateway-roots FILE.

  4. guildmark offers

Sealing happens here: the recipe never leaves this computer unsealed. Only machines that bought a license can open it,
and no single partner of the consortium can. Publishing can be repeated after any interruption: steps that are done
stay done.`

func main() {
	os.Exit(command.Main(program(), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

func program() *command.Command {
	return &command.Command{
		Name: "guildmark", Version: host.Version(),
		Short:    "seals technology data, publishes it, and lists what is on offer.",
		Guide:    guide,
		Commands: []*command.Command{bundleCommand(), sealCommand(), publishCommand(), offersCommand()},
	}
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	return command.Execute(ctx, program(), args, command.Console{Out: out, Err: errs})
}
