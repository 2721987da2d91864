// Command chaincode runs the ledger's program as a service that a peer connects to, with mutual TLS.
//
// It refuses to start without certificates of both sides, and takes nothing from the command line but --version.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"guildmark/chaincode/contract"
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
		fmt.Println("chaincode", version())
		return 0
	}
	fmt.Fprint(os.Stderr, help)
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		return 0
	}
	return 2
}

// run serves until the context ends. The shim offers no way to close its listener, so the end of the process does:
// a call in flight is then refused by the peer and repeated by its client.
func run(ctx context.Context, env func(string) string, clock contract.Clock) error {
	server, err := serverFrom(env, clock)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Start() }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", server.Address, err)
	}
}

var errEnvironment = errors.New("the environment lacks")

func serverFrom(env func(string) string, clock contract.Clock) (*shim.ChaincodeServer, error) {
	cc, err := contract.New(clock)
	if err != nil {
		return nil, err
	}
	server := &shim.ChaincodeServer{CC: cc, CCID: env("CHAINCODE_ID"), Address: env("CHAINCODE_ADDRESS")}
	if server.CCID == "" || server.Address == "" {
		return nil, fmt.Errorf("%w CHAINCODE_ID or CHAINCODE_ADDRESS", errEnvironment)
	}
	for _, file := range []struct {
		name string
		to   *[]byte
	}{
		{"CHAINCODE_TLS_CERT", &server.TLSProps.Cert}, {"CHAINCODE_TLS_KEY", &server.TLSProps.Key},
		{"CHAINCODE_TLS_CLIENT_CA", &server.TLSProps.ClientCACerts},
	} {
		path := env(file.name)
		if path == "" {
			return nil, fmt.Errorf("%w %s", errEnvironment, file.name)
		}
		if *file.to, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("read %s: %w", file.name, err)
		}
		if len(*file.to) == 0 {
			return nil, fmt.Errorf("read %s: the file %s is empty", file.name, path)
		}
	}
	return server, nil
}

// commit is set by the linker (-X main.commit=...) where Go can't stamp the binary itself.
var commit = "unknown"

// version is the module's version and the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return commit
	}
	revision, dirty := commit, ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	return info.Main.Version + " " + revision + dirty
}
