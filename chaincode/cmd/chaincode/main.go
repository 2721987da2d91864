// Command chaincode runs the ledger's program as a service that a peer connects to, with mutual TLS.
//
// It refuses to start without certificates of both sides, and takes nothing from the command line but --version.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
)

const help = `chaincode runs the ledger's program as a service that a peer connects to.

It is configured by its environment alone; the values of the last three are paths of PEM files:
  CHAINCODE_ID             package id that the peer knows it by, label:hash
  CHAINCODE_ADDRESS        host:port to listen on
  CHAINCODE_TLS_CERT       its certificate
  CHAINCODE_TLS_KEY        the certificate's key, readable by the owner alone
  CHAINCODE_TLS_CLIENT_CA  authority whose certificates the peer may show

chaincode --version  prints the version and commit.
`

func main() {
	if len(os.Args) > 1 {
		os.Exit(arguments(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Getenv, time.Now); err != nil {
		fmt.Fprintln(os.Stderr, "chaincode:", err)
		os.Exit(1)
	}
}

func arguments(args []string) int {
	if len(args) == 1 && args[0] == "--version" {
		fmt.Println("chaincode", host.Version())
		return 0
	}
	fmt.Fprint(os.Stderr, help)
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		return 0
	}
	return 2
}
