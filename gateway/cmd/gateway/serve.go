package main

import (
	"context"
	"errors"
	"io"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/gateway/api"
)

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

// run checks the configuration, or serves until ctx ends.
func (t task) run(ctx context.Context, logs io.Writer) (err error) {
	var c config
	if err := host.ReadConfig(t.config, &c); err != nil {
		return err
	}
	log, err := host.Log(logs, c.Log)
	if err != nil {
		return &host.ConfigError{File: t.config, Key: "log", Problem: err.Error()}
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
	if err != nil || t.check {
		return err
	}
	return p.serve(ctx, c, handler, log)
}
