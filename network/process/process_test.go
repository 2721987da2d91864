package process

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

func homeOf(t *testing.T, partner string) *home.Home {
	t.Helper()
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	h, err := home.Create(filepath.Join(t.TempDir(), partner), partner, top, 10000)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A program's description names files; passwords and keys are in none of its arguments and environments.
func TestSpecsHoldNoSecret(t *testing.T) {
	h := homeOf(t, "operator")
	p := Programs{Tools: "/tools", Network: "/bin/network"}
	var specs []node.Spec
	for _, describe := range []func() (node.Spec, error){
		func() (node.Spec, error) { return CA(h, p) },
		func() (node.Spec, error) { return Orderer(h, p) },
		func() (node.Spec, error) { return Peer(h, p) },
		func() (node.Spec, error) { return Bitcoin(h, p, "") },
		func() (node.Spec, error) { return Chaincode(h, topology.Installed{PackageID: "guildmark_1.0:ab"}), nil },
	} {
		spec, err := describe()
		if err != nil {
			t.Fatal(err)
		}
		specs = append(specs, spec)
	}
	for _, s := range h.Topology.Services {
		if s.Partner != "operator" {
			continue
		}
		spec, ok, err := Service(h, s.Name,
			Market{Programs: "/bin", Connection: "/net/connection.json", Lines: []string{"mixer-1"}})
		if err != nil || ok != (s.Name != "gateway-api") { // that one only reserves a port
			t.Fatalf("service %s: %v, %v", s.Name, ok, err)
		}
		if ok {
			specs = append(specs, spec)
		}
	}
	secret := regexp.MustCompile(`[0-9a-f]{32}|PRIVATE`)
	for _, spec := range specs {
		for _, word := range append(spec.Args, spec.Env...) {
			if secret.MatchString(word) {
				t.Errorf("%s shows a secret: %q", spec.Name, word)
			}
		}
	}
	for _, file := range []string{
		h.RegistrarPassword(home.IdentityCA), h.RegistrarPassword(home.TLSCA),
		h.BitcoinCredentials(),
	} {
		if raw, err := os.ReadFile(file); err != nil || !secret.Match(raw) {
			t.Errorf("%s holds no password (%v): this test looks for the wrong thing", file, err)
		}
	}
}

// What was drawn once stays: another password would lock the partner out of its own CA and node.
func TestPasswordsStay(t *testing.T) {
	h := homeOf(t, "operator")
	lay := func() (all []string) {
		t.Helper()
		if _, err := CA(h, Programs{}); err != nil {
			t.Fatal(err)
		}
		if _, err := Bitcoin(h, Programs{}, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{
			filepath.Join(h.CA(), "fabric-ca-server-config.yaml"),
			filepath.Join(h.CA(), "tls", "fabric-ca-server-config.yaml"), h.BitcoinCredentials(),
		} {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(raw))
		}
		return all
	}
	if first, second := lay(), lay(); strings.Join(first, "") != strings.Join(second, "") {
		t.Error("passwords were drawn a second time")
	}
	if spec, err := Bitcoin(homeOf(t, "auditor"), Programs{}, ""); err != nil || spec.Name != "" {
		t.Errorf("a partner without a node: %+v, %v", spec, err)
	}
}

// Whoever waits too long is told which process is not ready, in which state, and what it logged last.
func TestLateNamesTheProcess(t *testing.T) {
	dir := t.TempDir()
	sup := node.New(dir, slog.New(slog.DiscardHandler))
	served := make(chan error, 1)
	go func() { served <- node.Serve(sup, filepath.Join(dir, "s")) }()
	t.Cleanup(func() {
		sup.Down()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	control := node.Dial(filepath.Join(dir, "s"))
	spec := node.Spec{
		Name: "oracle.a", Class: "oracle", Path: "/bin/sh",
		Args: []string{"-c", "echo the node is behind: height 1; exec sleep 60"},
		Dir:  dir, Ready: node.Probe{File: filepath.Join(dir, "never")},
	}
	for {
		if _, err := control.PID(t.Context()); err == nil {
			break
		}
	}
	for range 2 { // a second time it is there already
		if err := Start(t.Context(), control, spec); err != nil {
			t.Fatal(err)
		}
	}
	for { // the process has written its log
		if raw, err := os.ReadFile(filepath.Join(dir, "oracle.a.log")); err == nil && len(raw) > 0 {
			break
		}
	}
	err := Await(t.Context(), control, dir, time.Millisecond, "oracle")
	if !errors.Is(err, ErrLate) || !strings.Contains(err.Error(), "oracle.a is starting") ||
		!strings.Contains(err.Error(), "the node is behind: height 1") {
		t.Errorf("await = %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Await(ended, control, dir, time.Minute, "oracle"); !errors.Is(err, context.Canceled) {
		t.Errorf("await after the caller's end = %v, want %v", err, context.Canceled)
	}
}

func TestCheckNamesTheRemedy(t *testing.T) {
	if err := (Programs{Tools: t.TempDir()}).Check(); !errors.Is(err, ErrTool) ||
		!strings.Contains(err.Error(), "make tools") {
		t.Errorf("without tools: %v", err)
	}
}
