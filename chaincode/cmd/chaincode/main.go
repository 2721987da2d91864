// Command chaincode runs the ledger's program as a service that a peer connects to, with mutual TLS.
//
// Does not start without certificates of both sides, and does not take its configuration from the command line.
package main

import (
	"context"
	"os"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
)

const guide = `
It is configured by its environment alone, and serves until SIGINT, SIGTERM or SIGHUP:

  CHAINCODE_ID             package id that the peer knows it by, label:hash
  CHAINCODE_ADDRESS        host:port to listen on
  CHAINCODE_TLS_CERT       PEM file of its certificate
  CHAINCODE_TLS_KEY        PEM file of the certificate's key, readable by the owner alone
  CHAINCODE_TLS_CLIENT_CA  PEM file of the authority whose certificates the peer may show`

func main() {
	os.Exit(command.Main(program(os.Getenv), os.Args[1:], command.Standard(os.Args[0], os.Getenv)))
}

func program(env func(string) string) *command.Command {
	return &command.Command{
		Name: "chaincode", Version: host.Version(), Guide: guide,
		Short:   "runs the ledger's program as a service that a peer connects to.",
		Example: "chaincode --version",
		Run: func(ctx context.Context, _ *command.Call) (command.Result, error) {
			return nil, run(ctx, env, time.Now)
		},
	}
}
