package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

func TestCommandLine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "net")
	tests := []struct {
		name     string
		args     []string
		wantCode int
		wantOut  string
		wantErr  string
	}{
		{"nothing", nil, 0, "network up", ""},
		{"help", []string{"help"}, 0, "build/net", ""},
		{"help of a command", []string{"up", "--help"}, 0, "-topology", ""},
		{"version", []string{"--version"}, 0, "network ", ""},
		{"no such command", []string{"fly"}, 2, "", `no command "fly"`},
		{"no such flag", []string{"up", "--fly"}, 2, "", "network up: unknown flag: --fly"},
		{"status of nothing", []string{"status", "--dir", dir}, 1, "", "no network in"},
		{"down of nothing", []string{"down", "--dir", dir}, 0, "nothing runs", ""},
		{"kill of nothing", []string{"kill", "--dir", dir, "peer"}, 1, "", "supervisor is down"},
		{"stop of what", []string{"stop", "--dir", dir}, 2, "", "SELECTOR... is needed: network stop SELECTOR..."},
		{"channel of no name", []string{"channel", "add"}, 2, "", "NAME is needed: network channel add NAME"},
		{"identity of no verb", []string{"identity"}, 2, "", "network identity: needs one of: add"},
		{"mine to nobody", []string{"mine-to"}, 2, "", "ADDRESS is needed: network mine-to ADDRESS"},
		{
			"topology that isn't there",
			[]string{"up", "--dir", dir, "--topology", filepath.Join(dir, "x.json")},
			1, "", "no such file",
		},
		{"consensus unknown", []string{"up", "--dir", dir, "--consensus", "pow"}, 1, "", "topology invalid"},
		{"tools that aren't there", []string{"up", "--dir", dir, "--tools", dir}, 1, "", "make tools"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(t.Context(), tt.args, &out, &errs); code != tt.wantCode {
				t.Errorf("exit code %d, want %d (%s%s)", code, tt.wantCode, &out, &errs)
			}
			if !strings.Contains(out.String(), tt.wantOut) || !strings.Contains(errs.String(), tt.wantErr) {
				t.Errorf("out %q, errors %q; want %q and %q", &out, &errs, tt.wantOut, tt.wantErr)
			}
		})
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a refused command made the network's folder")
	}
}

func TestTopologyPrintsWhatUpTakes(t *testing.T) {
	var out bytes.Buffer
	if code := run(t.Context(), []string{"topology"}, &out, &out); code != 0 {
		t.Fatal(out.String())
	}
	if _, err := topology.Decode(out.Bytes()); err != nil {
		t.Error(err)
	}
}

func TestStatusInWords(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	printStatus(&out, play.Status{
		Directory: "/net", Up: true, Supervisor: 7, Channels: []string{"guildmark"}, Consensus: "bft",
		Partners: []string{"auditor", "operator"},
		Gateway:  &topology.Server{URL: "https://127.0.0.1:1", Roots: "/net/tlsca.pem"},
		Auth:     &topology.Server{URL: "https://127.0.0.1:2"}, Bitcoin: 113,
		Leader:  map[string]string{"guildmark": "orderer.auditor"},
		Heights: map[string]uint64{"peer.operator/guildmark": 12},
		Certificates: []play.Expiry{
			{Partner: "auditor", Name: "peer TLS", Days: 40, End: now.AddDate(0, 0, 40)},
			{Partner: "operator", Name: "chaincode client", Days: 30, End: now.AddDate(0, 0, 30)},
		},
		Processes: []node.Status{
			{Name: "peer.auditor", Partner: "auditor", State: node.Stopped, Since: now},
			{Name: "tpm.mixer1", State: node.Ready, PID: 10, Since: now},
			{
				Name: "peer.operator", Partner: "operator", State: node.Ready, PID: 9, Restarts: 2,
				LastExit: "signal: killed", Since: now.Add(-time.Minute),
			},
		},
	}, now)
	for _, want := range []string{
		"is up, supervisor 7, consensus bft", "peer.operator            ready    pid 9       for 1m0s, " +
			"started again 2 times, last signal: killed",
		"Channel guildmark: blocks peer.operator 12; leader orderer.auditor.",
		"first to end: 2026-12-22 (in 30 days), chaincode client (operator)",
		"then          2027-01-01 (in 40 days), peer TLS (auditor)",
		"\nauditor\n  peer.auditor             stopped  pid -       for 0s",
		"\nmachines\n  tpm.mixer1", "gateway               https://127.0.0.1:1",
		"roots of both         /net/tlsca.pem", "Bitcoin (regtest): 113 blocks.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
