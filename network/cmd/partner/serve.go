package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// Limits of the HTTP servers: activations are small and quick, a slow client gets no more patience than this.
const (
	readTimeout = 15 * time.Second
	// An enrollment submits to the ledger; the client resubmits for up to half a minute before it gives up.
	writeTimeout = 60 * time.Second
	shutdownTime = 5 * time.Second
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
func (c *common) beside(ctx context.Context, log *slog.Logger, handler http.Handler, work func(context.Context) error) error {
	if c.Listen == "" {
		return work(ctx)
	}
	listener, err := c.listen(ctx, log)
	if err != nil {
		return err
	}
	srv := &http.Server{
		Handler: handler, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- srv.Serve(listener)
		cancel()
	}()
	err = work(ctx)
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer stop()
	if closing := srv.Shutdown(end); closing != nil {
		log.Warn("requests were cut off", slog.Any("error", closing))
	}
	if s := <-served; !errors.Is(s, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serve: %w", s))
	}
	return err
}

// listen opens the address, with TLS unless it is this machine's own.
func (c *common) listen(ctx context.Context, log *slog.Logger) (net.Listener, error) {
	if c.TLS.Certificate == "" && !loopback(c.Listen) {
		return nil, fmt.Errorf("%w: listen %q without tls: only a loopback address may", errUsage, c.Listen)
	}
	plain, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	log.Info("listening", slog.String("address", plain.Addr().String()), slog.Bool("tls", c.TLS.Certificate != ""))
	if c.TLS.Certificate == "" {
		return plain, nil
	}
	config, err := c.TLS.config()
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	return tls.NewListener(plain, config), nil
}

func (k tlsKey) config() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(k.Certificate, k.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: tls: %w", errUsage, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	if k.Clients == "" {
		return config, nil
	}
	if config.ClientCAs, err = pool(k.Clients); err != nil {
		return nil, err
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}

// pool reads roots; "" means the system's.
func pool(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%w: %s holds no certificate", errUsage, path)
	}
	return p, nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
