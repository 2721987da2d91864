package networktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Gate is on the way of one peer's blocks: shut, it holds back everything that orderers send to that peer.
type Gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while data may pass
}

// Late puts a gate before a partner's peer. The peer is restarted, since Fabric reads other addresses of
// orderers only then; it answers clients and other peers as before. The network MUST be the test's own.
func Late(t *testing.T, r *Running, partner string) *Gate {
	t.Helper()
	g := &Gate{open: make(chan struct{})}
	close(g.open)
	overrides := []string{"addressOverrides:"}
	for _, o := range r.Connection.Orderers {
		address, err := g.relay(t, o.Address)
		if err != nil {
			t.Fatal(err)
		}
		overrides = append(overrides, fmt.Sprintf("      - {from: %q, to: %q, caCertsFile: %q}", o.Address,
			address, o.TLSRoot))
	}
	peer, file := "peer."+partner, filepath.Join(r.Connection.Directory, partner, "peer", "core.yaml")
	config, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	with := bytes.Replace(config, []byte(overrides[0]), []byte(strings.Join(overrides, "\n")), 1)
	if bytes.Equal(with, config) {
		t.Fatalf("%s has no %s", file, overrides[0])
	}
	ctx := t.Context()
	if err := r.Control.Stop(ctx, peer); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, with, 0o600); err != nil { //nolint:gosec // G703: the test's own network
		t.Fatal(err)
	}
	if err := errors.Join(r.Control.Start(ctx, peer), r.Control.Await(ctx, peer)); err != nil {
		t.Fatal(err)
	}
	return g
}

// Shut holds blocks back until the function that it returns is called.
func (g *Gate) Shut() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	open := make(chan struct{})
	g.open = open
	return sync.OnceFunc(func() { close(open) })
}

// relay listens for the peer and passes on to one orderer.
func (g *Gate) relay(t *testing.T, orderer string) (address string, err error) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = l.Close() })
	ctx := context.WithoutCancel(t.Context())
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go g.pass(ctx, from, orderer)
		}
	}()
	return l.Addr().String(), nil
}

func (g *Gate) pass(ctx context.Context, from net.Conn, orderer string) {
	defer func() { _ = from.Close() }()
	to, err := (&net.Dialer{}).DialContext(ctx, "tcp", orderer)
	if err != nil {
		return // the peer tries again
	}
	defer func() { _ = to.Close() }()
	go func() {
		_, _ = io.Copy(to, from) // ends with either connection
		_ = to.Close()
	}()
	_, _ = io.Copy(gated{from, g}, to)
}

// gated writes when the gate is open.
type gated struct {
	net.Conn
	gate *Gate
}

// Write implements io.Writer.
func (w gated) Write(p []byte) (int, error) {
	w.gate.mu.Lock()
	open := w.gate.open
	w.gate.mu.Unlock()
	<-open
	return w.Conn.Write(p)
}
