// Command gateway serves Guildmark's REST interface: catalogue, orders, signed answers, grants, receipts and sealed
// bytes.
//
// Does not hold a key that mints or decrypts: only the buyers' weak ledger identities and its own TLS key.
package main

import (
	"context"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
)

const guide = `
It serves until SIGINT, SIGTERM or SIGHUP, then finishes open requests. gateway/docs/gateway.md explains the
configuration field by field. What is served: GET /openapi.yaml. Whether it serves: GET /v1/health. The read model (field
"model") may be deleted at any time: it is built again from the ledger. Logs go to standard error as JSON lines.`

func main() {
	os.Exit(command.Main(program(), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

// task is what the flags say.
type task struct {
	config string
	check  bool
}

func program() *command.Command {
	var t task
	return &command.Command{
		Name: "gateway", Version: host.Version(), Guide: guide,
		Short:   "serves the REST interface for licensors, buyers and machines.",
		Example: "gateway --config build/net/operator/services/gateway/config.json --check",
		Flags: func(f *command.Flags) {
			f.StringVar(&t.config, "config", "", "`FILE` configuration")
			f.Need("config")
			f.BoolVar(&t.check, "check", false, "read the configuration and everything it names, then end")
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			err := t.run(ctx, call.Console.Err)
			if err != nil || !t.check {
				return nil, err
			}
			return done{Config: t.config, Checked: t.check}, nil
		},
	}
}

// done tells programs what was done; people read nothing but errors.
type done struct {
	Config  string `json:"config"`
	Checked bool   `json:"checked"`
}

func (d done) Text() string {
	if d.Checked {
		return d.Config + " and everything it names can be used"
	}
	return ""
}
