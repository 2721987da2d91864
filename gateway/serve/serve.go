// Package serve is what both of the gateway's processes do around their handlers: read a strict configuration file,
// load certificates, listen with TLS and stop gracefully.
//
// It refuses keys that others may read, plain HTTP, and anything in a configuration that its program doesn't know.
package serve

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
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Config decodes a configuration file strictly into v: an unknown, repeated or misspelled key is an error.
func Config(path string, v any) error {
	raw, err := os.ReadFile(path) // #nosec G304 -- the operator's own configuration
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if err := ledger.Decode(raw, v); err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	return nil
}

// Private refuses a file that its group or others may read or write.
func Private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("secret %s: mode %04o lets others in; run chmod 600 on it", path, info.Mode().Perm())
	}
	return nil
}

// Certificate loads a TLS certificate and its key, which must be private.
func Certificate(certificate, key string) (tls.Certificate, error) {
	if err := Private(key); err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("TLS certificate: %w", err)
	}
	return pair, nil
}

// Roots reads the TLS roots that this process trusts; the system's own are not among them.
func Roots(paths []string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, p := range paths {
		raw, err := os.ReadFile(p) // #nosec G304 -- the operator's own configuration
		if err != nil {
			return nil, fmt.Errorf("TLS roots: %w", err)
		}
		if !pool.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("TLS roots: %s holds no certificate", p)
		}
	}
	return pool, nil
}

// Client makes an HTTPS client that trusts the roots, shows the certificates (none: nil), and follows no redirect.
func Client(roots *x509.CertPool, certificates []tls.Certificate, timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: certificates},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     time.Minute,
			TLSHandshakeTimeout: 5 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Bounds of a connection. A route bounds its own body; headers of ours are small.
const (
	headerTime = 5 * time.Second
	idleTime   = 90 * time.Second
	maxHeader  = 32 << 10
	stopTime   = 10 * time.Second // open requests may finish
)

// HTTPS serves until ctx ends, then lets open requests finish.
func HTTPS(ctx context.Context, listen string, certificate tls.Certificate, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog:  slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}},
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	log.InfoContext(ctx, "listening", "address", listener.Addr().String())
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(listener, "", "") }()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return errors.Join(fmt.Errorf("stop: %w", err), server.Close())
	}
	log.InfoContext(ctx, "stopped")
	return nil
}
