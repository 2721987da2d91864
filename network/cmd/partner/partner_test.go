package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestStories runs the command as a person does; each file in testdata is one story.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"partner": func() {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}})
}

// The examples in the documentation are configurations that the program takes.
func TestDocumentedConfigurations(t *testing.T) {
	doc, err := os.ReadFile("../../docs/services.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]interface{ base() *common }{
		"heartbeat": &heartbeatConfig{}, "oracle": &oracleConfig{}, "custodian": &custodianConfig{},
		"registrar": &registrarConfig{},
	}
	for name, into := range examples {
		_, section, ok := strings.Cut(string(doc), "\n## "+name+"\n")
		_, text, found := strings.Cut(section, "```json\n")
		text, _, closed := strings.Cut(text, "```")
		if !ok || !found || !closed {
			t.Errorf("%s: no example", name)
			continue
		}
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := load(path, into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A heartbeat whose network is away keeps its process, answers that it is not well, and ends quietly when told to.
func TestServiceEndsWhenTold(t *testing.T) {
	path := writeHeartbeat(t)
	ctx, cancel := context.WithCancel(t.Context())
	log := &syncBuffer{}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"heartbeat", "--config", path}, log, log) }()
	waitFor(t, func() bool { return strings.Contains(log.String(), "listening") })
	cancel()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d, want 0\n%s", code, log)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("it did not end\n%s", log)
	}
}

// writeHeartbeat writes a configuration for a network that isn't there.
func writeHeartbeat(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	me := filepath.Join(dir, "operator", "identities", "heartbeat")
	if err := os.MkdirAll(me, 0o700); err != nil {
		t.Fatal(err)
	}
	root := testIdentity(t, me)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	_ = l.Close()
	connection := map[string]any{
		"version": 1, "channel": "guildmark", "chaincode": map[string]string{"name": "guildmark"},
		"peers": []map[string]string{{
			"name": "peer.operator", "partner": "operator", "msp": "OperatorMSP",
			"address": gone, "server_name": "localhost", "tls_root": root,
		}},
		"identities": []map[string]string{{
			"name": "heartbeat", "partner": "operator", "msp": "OperatorMSP", "role": "heartbeat",
			"party": "OperatorMSP.0123456789abcdef", "certificate": filepath.Join(me, "cert.pem"),
		}},
	}
	write := func(name string, v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("config.json", heartbeatConfig{
		common:   common{Connection: write("connection.json", connection), Identity: me, Listen: "127.0.0.1:0"},
		Interval: "1s",
	})
}
