// Command auth is Guildmark's authorization server: machines sign in with the key in their TPM and get access tokens
// for the gateway.
//
// Does not know passwords or client secrets, and signs in nobody but machines.
package main

import (
	"context"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
)

const guide = `
It serves until SIGINT, SIGTERM or SIGHUP, then finishes open requests. gateway/docs/gateway.md explains the
configuration field by field. Metadata: GET /.well-known/oauth-authorization-server. Whether it serves: GET /v1/health.
Logs go to standard error as JSON lines.`

func main() {
	os.Exit(command.Main(program(), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

// task is what the flags say.
type task struct {
	config        string
	check, rotate bool
}

func program() *command.Command {
	var t task
	return &command.Command{
		Name: "auth", Version: host.Version(), Guide: guide,
		Short:   "signs machines in and issues access tokens for the gateway.",
		Example: "auth --config build/net/operator/services/auth/config.json --check",
		Flags: func(f *command.Flags) {
			f.StringVar(&t.config, "config", "", "`FILE` configuration")
			f.Need("config")
			f.BoolVar(&t.check, "check", false, "read the configuration and everything it names, then end")
			f.BoolVar(&t.rotate, "rotate", false,
				"make a new signing key, then end; a running server takes it over within a minute")
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			err := t.run(ctx, call.Console.Err)
			if err != nil || !t.check && !t.rotate {
				return nil, err
			}
			return done{Config: t.config, Checked: t.check, Rotated: t.rotate}, nil
		},
	}
}

// done tells programs what was done; people read nothing but errors.
type done struct {
	Config  string `json:"config"`
	Checked bool   `json:"checked"`
	Rotated bool   `json:"rotated"`
}

func (d done) Text() string {
	if d.Checked {
		return d.Config + " and everything it names can be used"
	}
	return ""
}
