package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/guildmark/guildmark/chaincode/host"
)

const (
	probeEvery = 25 * time.Millisecond // readiness decides how long `up` takes
	probeLimit = 2 * time.Second
)

var errNotReady = errors.New("not ready")

// try probes once whether the process is ready.
func (p Probe) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	switch {
	case p.HTTP != "":
		return p.tryHTTP(ctx)
	case p.TCP != "":
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.TCP)
		if err != nil {
			return fmt.Errorf("%w: %w", errNotReady, err)
		}
		return conn.Close()
	case p.File != "":
		if _, err := os.Stat(p.File); err != nil {
			return fmt.Errorf("%w: %w", errNotReady, err)
		}
	}
	return nil
}

func (p Probe) tryHTTP(ctx context.Context) error {
	roots, err := host.RootsOrSystem(p.Root)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.HTTP, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)); err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%w: %s", errNotReady, resp.Status)
	}
	return nil
}

// await asks until the process is ready or ctx ends.
func (p Probe) await(ctx context.Context) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, p.try(ctx) },
		backoff.WithBackOff(backoff.NewConstantBackOff(probeEvery)), backoff.WithMaxElapsedTime(0))
	return err
}
