package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
)

// Limits of the HTTP servers: activations are small and quick, a slow client gets no more patience than this.
const (
	readTimeout = 15 * time.Second
	// An enrollment submits to the ledger; the client resubmits for up to half a minute before it gives up.
	writeTimeout = 60 * time.Second
)

// health answers GET /healthz.
type health struct{ good atomic.Bool }

func (h *health) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if h.good.Load() {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	return mux
}

// beside runs work with an HTTP server next to it, until ctx ends or one of both fails.
func (c *common) beside(ctx context.Context, log *slog.Logger, handler http.Handler,
	work func(context.Context) error,
) error {
	if c.Listen == "" {
		return work(ctx)
	}
	server := host.Server{
		Listen: c.Listen, Handler: handler, Log: log, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout,
	}
	if c.TLS.Certificate != "" {
		var err error
		if server.TLS, err = c.TLS.config(); err != nil {
			return err
		}
	}
	return host.Together(ctx, server.Run, work)
}

func (k tlsKey) config() (*tls.Config, error) {
	pair, err := host.KeyPair(k.Certificate, k.Key)
	if err != nil {
		return nil, err
	}
	var clients []string
	if k.Clients != "" {
		clients = []string{k.Clients}
	}
	return host.ServerTLS(pair, clients)
}
