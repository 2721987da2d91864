// Command gateway serves Guildmark's REST interface: catalogue, orders, signed answers, grants, receipts and sealed
// bytes. It refuses to hold any key but the buyers' weak ledger identities and its own TLS key.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/gateway/api"
)

const help = `gateway serves Guildmark's REST interface.

  gateway --config gateway.json     serve until SIGINT or SIGTERM, then finish open requests
  gateway --config gateway.json --check
                                    read the configuration and everything it names, then end
  gateway --version                 print version and commit

What the configuration holds, field by field: gateway/docs/gateway.md.
What is served: GET /openapi.yaml. Whether it serves: GET /v1/health.
The read model (field "model") may be deleted at any time; it is built again from the ledger.
`

// config is gateway.json; gateway/docs/gateway.md explains it field by field.
type config struct {
	Listen      string      `json:"listen"`
	URL         string      `json:"url"`
	Certificate string      `json:"certificate"`
	Key         string      `json:"key"`
	Roots       []string    `json:"roots"`
	Issuer      string      `json:"issuer"`
	Connection  string      `json:"connection"`
	Reader      string      `json:"reader"`
	Buyers      []buyer     `json:"buyers"`
	Model       string      `json:"model"`
	Content     string      `json:"content"`
	Custodians  []custodian `json:"custodians"`
	Log         string      `json:"log,omitempty"`
}

type buyer struct {
	Party    string `json:"party"`
	Identity string `json:"identity"`
}

type custodian struct {
	MSP string `json:"msp"`
	URL string `json:"url"`
}

func main() {
	flag.Usage = func() { fmt.Fprint(os.Stderr, help) }
	path := flag.String("config", "", "configuration file")
	check := flag.Bool("check", false, "read the configuration, then end")
	version := flag.Bool("version", false, "print version and commit")
	flag.Parse()
	if *version {
		fmt.Println("gateway", host.Version())
		return
	}
	if *path == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *path, *check)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, check bool) (err error) {
	var c config
	if err := host.ReadConfig(path, &c); err != nil {
		return err
	}
	log, err := host.Log(os.Stderr, c.Log)
	if err != nil {
		return &host.ConfigError{File: path, Key: "log", Problem: err.Error()}
	}
	p, err := open(ctx, c, log)
	defer func() { err = errors.Join(err, p.close()) }()
	if err != nil {
		return err
	}
	server, err := api.New(p.config(c, log))
	if err != nil {
		return err
	}
	handler, err := server.Handler() //nolint:contextcheck // handlers have the request's context
	if err != nil || check {
		return err
	}
	return p.serve(ctx, c, handler, log)
}
