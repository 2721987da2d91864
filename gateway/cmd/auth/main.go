// Command auth is Guildmark's authorization server: machines sign in with the key in their TPM and get access tokens
// for the gateway. It refuses secrets, and serves nobody but machines.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/gateway/auth"
)

const help = `auth signs machines in and issues access tokens for the gateway.

  auth --config auth.json           serve until SIGINT or SIGTERM, then finish open requests
  auth --config auth.json --check   read the configuration and everything it names, then end
  auth --config auth.json --rotate  make a new signing key, then end; a running server takes it over within a minute
  auth --version                    print version and commit

What the configuration holds, field by field: gateway/docs/gateway.md.
Metadata: GET /.well-known/oauth-authorization-server. Whether it serves: GET /v1/health.
`

// config is auth.json; gateway/docs/gateway.md explains it field by field.
type config struct {
	Listen      string `json:"listen"`
	Issuer      string `json:"issuer"`
	Audience    string `json:"audience"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Connection  string `json:"connection"`
	Identity    string `json:"identity"`
	SigningKeys string `json:"signingKeys"`
	Used        string `json:"used"`
	Log         string `json:"log,omitempty"`
}

func main() {
	flag.Usage = func() { fmt.Fprint(os.Stderr, help) }
	path := flag.String("config", "", "configuration file")
	check := flag.Bool("check", false, "read the configuration, then end")
	rotate := flag.Bool("rotate", false, "make a new signing key, then end")
	version := flag.Bool("version", false, "print version and commit")
	flag.Parse()
	if *version {
		fmt.Println("auth", host.Version())
		return
	}
	if *path == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *path, *check, *rotate)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "auth:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, check, rotate bool) (err error) {
	var c config
	if err := host.ReadConfig(path, &c); err != nil {
		return err
	}
	log, err := host.Log(os.Stderr, c.Log)
	if err != nil {
		return &host.ConfigError{File: path, Key: "log", Problem: err.Error()}
	}
	keys, err := auth.OpenKeys(c.SigningKeys, time.Now)
	if err != nil {
		return err
	}
	if rotate {
		return keys.Rotate()
	}
	certificate, err := host.KeyPair(c.Certificate, c.Key)
	if err != nil {
		return err
	}
	ledger, err := client.Open(c.Connection, c.Identity, client.Config{Log: log})
	if err != nil {
		return fmt.Errorf("ledger identity %s: %w", c.Identity, err)
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	once, err := auth.OpenOnce(ctx, c.Used, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, once.Close()) }()
	server, err := auth.New(auth.Config{
		Issuer: c.Issuer, Audience: c.Audience, Keys: keys, Machines: auth.NewMachines(ledger.Evaluate, time.Now),
		Once: once, Log: log, Version: host.Version(),
	})
	if err != nil || check {
		return err
	}
	go maintain(ctx, keys, log)
	config, err := host.ServerTLS(certificate, nil)
	if err != nil {
		return err
	}
	return host.Server{Listen: c.Listen, TLS: config, Handler: server.Handler(), Log: log}.Run(ctx)
}

// maintain looks after the signing keys until ctx ends.
func maintain(ctx context.Context, keys *auth.Keys, log *slog.Logger) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := keys.Maintain(); err != nil {
				log.ErrorContext(ctx, "signing keys", "error", err)
			}
		}
	}
}
