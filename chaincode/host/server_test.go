package host_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
)

// own makes a certificate that is its own root, good for 127.0.0.1 and as a client.
func own(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: public}, key: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := host.Replace(path, pem.EncodeToMemory(block), host.Private); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// free is a loopback address that nothing listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_,
		_ = io.WriteString(w, "hello over "+r.Proto)
})

// ask asks until the server listens.
func ask(ctx context.Context, client *http.Client, url string) (string, error) {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		rsp, err := client.Do(req)
		if refused := new(net.OpError); errors.As(err, &refused) && refused.Op == "dial" && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return "", err
		}
		defer func() { _ = rsp.Body.Close() }()
		raw, err := io.ReadAll(rsp.Body)
		return string(raw), err
	}
}

func TestServer(t *testing.T) {
	certificate, key := own(t)
	pair, err := host.KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := host.Roots(certificate)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := host.Roots()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		tls     bool
		clients []string
		client  *http.Client
		want    string // "" = refused
	}{
		{"plain", false, nil, host.Client(nil, nil, 0), "hello over HTTP/1.1"},
		{"TLS", true, nil, host.Client(roots, nil, 0), "hello over HTTP/2.0"},
		{"TLS, nobody trusted", true, nil, host.Client(empty, nil, 0), ""},
		{
			"client certificate", true,
			[]string{certificate},
			host.Client(roots, []tls.Certificate{pair}, 0),
			"hello over HTTP/2.0",
		},
		{"no client certificate", true, []string{certificate}, host.Client(roots, nil, 0), ""},
		{"no client is trusted", true, []string{}, host.Client(roots, []tls.Certificate{pair}, 0), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := host.Server{Listen: free(t), Handler: hello, Log: slog.New(slog.DiscardHandler)}
			url := "http://" + s.Listen
			if tt.tls {
				if s.TLS, err = host.ServerTLS(pair, tt.clients); err != nil {
					t.Fatal(err)
				}
				url = "https://" + s.Listen
			}
			err := host.Together(t.Context(), s.Run, func(ctx context.Context) error {
				got, err := ask(ctx, tt.client, url)
				tt.client.CloseIdleConnections()
				if got != tt.want || (err != nil) != (tt.want == "") {
					t.Errorf("asked %s: %q, %v; want %q", url, got, err, tt.want)
				}
				return nil // and the server ends
			})
			if err != nil {
				t.Errorf("server: %v", err)
			}
		})
	}
}

func TestServerRefuses(t *testing.T) {
	s := host.Server{Listen: "0.0.0.0:0", Handler: hello, Log: slog.New(slog.DiscardHandler)}
	if err := s.Run(t.Context()); !errors.Is(err, host.ErrPlain) {
		t.Errorf("plain HTTP for everybody: error %v, want %v", err, host.ErrPlain)
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	s.Listen = taken.Addr().String()
	if err := s.Run(t.Context()); err == nil {
		t.Error("an address that is taken was listened on")
	}
}

// TestTogether: the first that returns ends the others, and every error is told.
func TestTogether(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	err := host.Together(t.Context(),
		func(context.Context) error { return first },
		func(ctx context.Context) error { <-ctx.Done(); return second },
		func(ctx context.Context) error { <-ctx.Done(); return nil },
	)
	if !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("Together: error %v, want both", err)
	}
}

func TestKeyPairAndRootsRefuse(t *testing.T) {
	certificate, key := own(t)
	if err := os.Chmod(key, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := host.KeyPair(certificate, key); !errors.Is(err, host.ErrExposed) {
		t.Errorf("key for the group: error %v, want %v", err, host.ErrExposed)
	}
	if _, err := host.Roots(certificate, key); err == nil {
		t.Error("a key was taken for roots")
	}
	if pool, err := host.RootsOrSystem(""); pool != nil || err != nil {
		t.Errorf("no path: %v, %v; want the system's", pool, err)
	}
	if _, err := host.RootsOrSystem(certificate + ".none"); err == nil {
		t.Error("a file that is not there was read")
	}
}

// TestClientFollowsNoRedirect: the next address would get the request's token.
func TestClientFollowsNoRedirect(t *testing.T) {
	s := host.Server{
		Listen: free(t), Handler: http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound),
		Log: slog.New(slog.DiscardHandler),
	}
	client := host.Client(nil, nil, 0)
	err := host.Together(t.Context(), s.Run, func(ctx context.Context) error {
		_, err := ask(ctx, client, "http://"+s.Listen)
		client.CloseIdleConnections()
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
