package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/gateway/api"
	"github.com/guildmark/guildmark/gateway/api/bearer"
	"github.com/guildmark/guildmark/gateway/content"
	"github.com/guildmark/guildmark/gateway/projection"
	"github.com/guildmark/guildmark/gateway/store"
)

// parts are what the configuration names, opened.
type parts struct {
	certificate tls.Certificate
	keys        *http.Client // to the issuer
	relay       *http.Client // to custodians
	seen        client.Seen  // the reader signs what a buyer just ordered (T34)
	reader      ledger
	buyers      map[string]api.Ledger
	store       *store.Store
	content     *content.Content
	closers     []func() error
}

// open opens everything; what was opened before an error is closed by close.
func open(ctx context.Context, c config, log *slog.Logger) (*parts, error) {
	p := &parts{buyers: map[string]api.Ledger{}}
	var err error
	if p.certificate, err = host.KeyPair(c.Certificate, c.Key); err != nil {
		return p, err
	}
	roots, err := host.Roots(c.Roots...)
	if err != nil {
		return p, err
	}
	const answer = 8 * time.Second // shorter than the routes that wait for it
	p.keys = host.Client(roots, nil, answer)
	p.relay = host.Client(roots, []tls.Certificate{p.certificate}, answer)
	if p.reader, err = p.identity(c.Connection, c.Reader, log); err != nil {
		return p, err
	}
	for _, b := range c.Buyers {
		if p.buyers[b.Party] != nil {
			return p, fmt.Errorf("configuration: buyer %s is named twice", b.Party)
		}
		if p.buyers[b.Party], err = p.identity(c.Connection, b.Identity, log); err != nil {
			return p, err
		}
	}
	if p.store, err = store.Open(ctx, c.Model); err != nil {
		return p, err
	}
	p.closers = append(p.closers, p.store.Close)
	if p.content, err = content.Open(ctx, content.URL(c.Content)); err != nil {
		return p, err
	}
	p.closers = append(p.closers, p.content.Close)
	return p, nil
}

func (p *parts) identity(connection, folder string, log *slog.Logger) (ledger, error) {
	l, err := openLedger(connection, folder, &p.seen, log)
	if err != nil {
		return ledger{}, fmt.Errorf("ledger identity %s: %w", folder, err)
	}
	p.closers = append(p.closers, l.client.Close)
	return l, nil
}

func (p *parts) close() error {
	var errs []error
	for _, closer := range slices.Backward(p.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

func (p *parts) config(c config, log *slog.Logger) api.Config {
	custodians := map[string]string{}
	for _, custodian := range c.Custodians {
		custodians[custodian.MSP] = custodian.URL
	}
	keys := bearer.NewKeys(c.Issuer+"/keys", p.keys, time.Now)
	return api.Config{
		URL: c.URL, Issuer: c.Issuer, Tokens: bearer.New(c.Issuer, c.URL, keys, time.Now), Reader: p.reader,
		Buyers: p.buyers,
		Store:  p.store, Content: p.content, Custodians: custodians, Relay: p.relay, Log: log,
		Version: host.Version(), Now: time.Now,
	}
}

// serve runs the projection beside the server; both end with ctx.
func (p *parts) serve(ctx context.Context, c config, handler http.Handler, log *slog.Logger) error {
	if n, err := p.content.Sweep(ctx, time.Now()); err != nil || n > 0 {
		log.WarnContext(ctx, "removed half-written content", "count", n, "error", err)
	}
	config, err := host.ServerTLS(p.certificate, nil)
	if err != nil {
		return err
	}
	server := host.Server{Listen: c.Listen, TLS: config, Handler: handler, Log: log}
	model := &projection.Projection{Store: p.store, Source: p.reader.events, Log: log}
	return host.Together(ctx, server.Run, model.Run)
}
