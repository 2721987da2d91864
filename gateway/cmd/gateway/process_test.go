package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/guildmark/guildmark/chaincode/host"
)

// The test's own binary plays the command: main runs when the environment says so.
const asCommand = "GUILDMARK_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"gateway": main})
}

// TestStories runs the command as a person does; each file in testdata is one story. $PLACE is a folder with a whole
// configuration and all it names.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("PLACE", newPlace(t).dir)
		return nil
	}})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place is a folder with everything that a gateway's configuration names; its peers don't answer.
type place struct {
	t      *testing.T
	dir    string
	config config
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir()}
	p.certificate(p.path("tls.pem"), p.path("tls.key"))
	for _, name := range []string{"reader", "buyer1"} {
		folder := p.path("operator", "identities", name)
		must(t, os.MkdirAll(folder, 0o700))
		p.certificate(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem"))
	}
	connection := map[string]any{
		"version": 1, "channel": "guildmark", "chaincode": map[string]any{"name": "guildmark"},
		"peers": []map[string]any{{
			"name": "peer.operator", "partner": "operator", "msp": "OperatorMSP", "address": "127.0.0.1:1",
			"server_name": "localhost", "tls_root": p.path("tls.pem"),
		}},
	}
	p.write("connection.json", connection)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())
	_, port, err := net.SplitHostPort(address)
	must(t, err)
	p.config = config{
		Listen: address, URL: "https://localhost:" + port, Certificate: p.path("tls.pem"),
		Key: p.path("tls.key"), Roots: []string{p.path("tls.pem")},
		Issuer: "https://localhost:1", Connection: p.path("connection.json"),
		Reader: p.path("operator", "identities", "reader"),
		Buyers: []buyer{{
			Party:    "OperatorMSP.0123456789abcdef",
			Identity: p.path("operator", "identities", "buyer1"),
		}},
		Model: p.path("model.db"), Content: p.path("content"),
		Custodians: []custodian{{MSP: "OperatorMSP", URL: "https://localhost:1"}},
	}
	p.save()
	return p
}

func (p *place) path(parts ...string) string {
	return filepath.Join(append([]string{p.dir}, parts...)...)
}

func (p *place) write(name string, v any) {
	p.t.Helper()
	raw, err := json.Marshal(v)
	must(p.t, err)
	must(p.t, os.WriteFile(p.path(name), raw, 0o600))
}

func (p *place) save() { p.write("gateway.json", p.config) }

// certificate makes a self-signed one for localhost.
func (p *place) certificate(certificate, keyFile string) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(p.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(p.t, err)
	must(p.t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	must(p.t, err)
	must(p.t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
}

func process(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], args...) // #nosec G204 -- this very binary
	c.Env = append(os.Environ(), asCommand+"=1")
	return c
}

// out collects a process's output while it runs.
type out struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (o *out) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is what came so far.
func (o *out) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start runs the gateway until it answers.
func (p *place) start() (*exec.Cmd, *out) {
	p.t.Helper()
	log := &out{}
	c := process(p.t.Context(), "--config", p.path("gateway.json"))
	c.Stderr = log
	must(p.t, c.Start())
	for end := time.Now().Add(30 * time.Second); ; {
		if p.get("/v1/health") == http.StatusOK {
			return c, log
		}
		if time.Now().After(end) {
			_ = c.Process.Kill()
			p.t.Fatalf("the gateway doesn't answer:\n%s", log)
		}
		time.Sleep(20 * time.Millisecond) // between questions to another process
	}
}

func (p *place) get(path string) int {
	p.t.Helper()
	roots, err := host.Roots(p.config.Roots...)
	must(p.t, err)
	client := host.Client(roots, nil, 5*time.Second)
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.config.URL+path, nil)
	must(p.t, err)
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	must(p.t, resp.Body.Close())
	return resp.StatusCode
}

// TestProcess: it serves without any peer, survives kill -9, and ends well on SIGTERM.
func TestProcess(t *testing.T) {
	p := newPlace(t)
	c, _ := p.start()
	if got := p.get("/v1/offers"); got != 200 {
		t.Fatalf("offers without a peer: got %d", got)
	}
	if got := p.get("/v1/orders/" + strings.Repeat("0", 64)); got != 401 {
		t.Fatalf("an order without a token: got %d", got)
	}
	must(t, c.Process.Kill())
	_ = c.Wait()
	c, log := p.start()
	must(t, c.Process.Signal(syscall.SIGTERM))
	if err := c.Wait(); err != nil {
		t.Fatalf("after SIGTERM: %v\n%s", err, log)
	}
	if !strings.Contains(log.String(), `"msg":"stopped"`) {
		t.Fatalf("it doesn't say that it stopped:\n%s", log)
	}
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name   string
		change func(*place)
		args   []string
		exit   int
		says   string
	}{
		{"help", nil, []string{"--help"}, 0, "gateway.md"},
		{"version", nil, []string{"--version"}, 0, "gateway "},
		{"nothing", nil, nil, 2, "--config is needed"},
		{"check", nil, []string{"--config", "gateway.json", "--check"}, 0, ""},
		{
			"no file", func(p *place) { must(p.t, os.Remove(p.path("gateway.json"))) },
			[]string{"--config", "gateway.json"},
			1, "no such file",
		},
		{"unknown key", func(p *place) {
			must(p.t, os.WriteFile(p.path("gateway.json"), []byte(`{"lissten":"x"}`), 0o600))
		}, []string{"--config", "gateway.json"}, 1, "document.unknown_key"},
		{"key that others may read", func(p *place) {
			must(p.t, os.Chmod(p.path("tls.key"), 0o644)) // #nosec G302 -- that is the test
		}, []string{"--config", "gateway.json"}, 1, "chmod 600"},
		{
			"http", func(p *place) { p.config.URL = "http://localhost"; p.save() },
			[]string{"--config", "gateway.json"},
			1, "not an https address",
		},
		{"buyer twice", func(p *place) {
			p.config.Buyers = append(p.config.Buyers,
				p.config.Buyers[0])
			p.save()
		}, []string{"--config", "gateway.json"}, 1, "named twice"},
		{
			"no identity", func(p *place) { p.config.Reader = p.path("nobody"); p.save() },
			[]string{"--config", "gateway.json"},
			1, "nobody",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			if tt.change != nil {
				tt.change(p)
			}
			c := process(t.Context(), tt.args...)
			c.Dir = p.dir
			said, err := c.CombinedOutput()
			if c.ProcessState == nil {
				t.Fatal(err)
			}
			if got := c.ProcessState.ExitCode(); got != tt.exit || !strings.Contains(string(said), tt.says) {
				t.Fatalf("exit %d, want %d; said %s", got, tt.exit, said)
			}
			if strings.Contains(string(said), "PRIVATE KEY") {
				t.Fatal(fmt.Errorf("a key is in the output: %s", said))
			}
		})
	}
}
