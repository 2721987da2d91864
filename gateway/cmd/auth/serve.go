package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/gateway/auth"
)

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

// run does what the flags say: check, rotate, or serve until ctx ends.
func (t task) run(ctx context.Context, logs io.Writer) (err error) {
	var c config
	if err := host.ReadConfig(t.config, &c); err != nil {
		return err
	}
	log, err := host.Log(logs, c.Log)
	if err != nil {
		return &host.ConfigError{File: t.config, Key: "log", Problem: err.Error()}
	}
	keys, err := auth.OpenKeys(c.SigningKeys, time.Now)
	if err != nil {
		return err
	}
	if t.rotate {
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
	if err != nil || t.check {
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
