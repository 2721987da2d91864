package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds of every connection. A route bounds its own body; the project's own headers are small.
const (
	headerTime = 5 * time.Second
	idleTime   = 90 * time.Second
	maxHeader  = 32 << 10
	// for requests that are open at the end; the supervisor kills after 5 s (network/node)
	stopTime = 4 * time.Second
)

// Server is a process's HTTP server.
type Server struct {
	Listen  string      // host:port
	TLS     *tls.Config // nil: plain HTTP, which only a loopback address may serve
	Handler http.Handler
	Log     *slog.Logger

	// A request's time from its first byte to its body's last, and to its response's last; 0 leaves both to
	// the routes.
	ReadTimeout, WriteTimeout time.Duration
}

// ErrPlain means that a server without TLS was to listen on an address that other computers reach.
var ErrPlain = errors.New("only a loopback address may be served without TLS")

// ServerTLS is TLS 1.3 with the server's certificate. Where clients is not nil, each client must show a
// certificate that leads to it.
func ServerTLS(own tls.Certificate, clients []string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}}
	if clients == nil {
		return config, nil
	}
	roots, err := Roots(clients...)
	if err != nil {
		return nil, err
	}
	config.ClientCAs, config.ClientAuth = roots, tls.RequireAndVerifyClientCert
	return config, nil
}

// Run serves until ctx ends, and then waits some seconds for open requests.
func (s Server) Run(ctx context.Context) error {
	if s.TLS == nil && !loopback(s.Listen) {
		return fmt.Errorf("listen on %q: %w", s.Listen, ErrPlain)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.Log.InfoContext(ctx, "listening", slog.String("address", listener.Addr().String()),
		slog.Bool("tls", s.TLS != nil))
	server := &http.Server{
		Handler: s.Handler, TLSConfig: s.TLS, ReadTimeout: s.ReadTimeout, WriteTimeout: s.WriteTimeout,
		ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() {
		if s.TLS == nil {
			done <- server.Serve(listener)
			return
		}
		done <- server.ServeTLS(listener, "", "") // the certificate is in TLSConfig
	}()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		s.Log.WarnContext(ctx, "requests were cut off", slog.Any("error", err))
		return server.Close()
	}
	s.Log.InfoContext(ctx, "stopped", slog.String("address", s.Listen))
	return nil
}

// Together runs all until ctx ends or one of them returns; then it ends the others, waits for them and joins
// their errors.
func Together(ctx context.Context, all ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(all))
	for _, run := range all {
		go func() {
			defer cancel()
			ended <- run(ctx)
		}()
	}
	var errs []error
	for range all {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

func loopback(address string) bool {
	name, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(name)
	return err == nil && (name == "localhost" || ip != nil && ip.IsLoopback())
}
