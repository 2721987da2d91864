package play_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/network/ca"
	"github.com/guildmark/guildmark/network/networktest"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

// noSecrets looks for every password that was generated in what others can read of the processes, and in the logs.
func noSecrets(t *testing.T, n *networktest.Running) {
	t.Helper()
	secrets := map[string]string{}
	pass := regexp.MustCompile(`(?m)^\s*pass: ([0-9a-f]{32})$`)
	for _, a := range n.Connection.CAs {
		for _, name := range []string{"fabric-ca-server-config.yaml", "tls/fabric-ca-server-config.yaml"} {
			raw, err := os.ReadFile(filepath.Join(n.Connection.Directory, a.Partner, "ca", name))
			if err != nil {
				t.Fatal(err)
			}
			found := pass.FindSubmatch(raw)
			if found == nil {
				t.Fatalf("no registrar's password in %s of %s: this test looks for the wrong thing", name, a.Partner)
			}
			secrets[string(found[1])] = a.Name + " " + name
		}
	}
	for _, b := range n.Connection.Bitcoin {
		secrets[rpcLogin(t, b).Password] = b.Name
	}
	list, err := n.Control.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		for _, file := range []string{"cmdline", "environ"} {
			searchFile(t, filepath.Join("/proc", strconv.Itoa(p.PID), file), p.Name+" "+file, secrets)
		}
	}
	logs, err := filepath.Glob(filepath.Join(n.Connection.Directory, "logs", "*"))
	if err != nil || len(logs) < len(list) {
		t.Fatalf("%d logs, %v", len(logs), err)
	}
	for _, path := range logs {
		searchFile(t, path, path, secrets)
	}
}

func searchFile(t *testing.T, path, what string, secrets map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for secret, whose := range secrets {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("%s shows the password of %s", what, whose)
		}
	}
	if bytes.Contains(raw, []byte("PRIVATE KEY")) {
		t.Errorf("%s shows a private key", what)
	}
}

// privateFiles: nothing of a network is open to other users; the tools' own files too, by umask.
func privateFiles(t *testing.T, n *networktest.Running) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(n.Connection.Directory, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a data base's file that was just replaced
		}
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		files++
		if open := info.Mode().Perm() & 0o077; open != 0 {
			t.Errorf("%s has mode %v", path, info.Mode().Perm())
		}
		return nil
	})
	if err != nil || files < 200 {
		t.Errorf("%d files seen, %v", files, err)
	}
}

func authorityRefuses(t *testing.T, n *networktest.Running) {
	t.Helper()
	url := n.Connection.CAs[0].URL
	registrar := func(name string) ca.Enrolled {
		dir := filepath.Join(n.Connection.Directory, "operator", "ca", "registrar", name)
		cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(filepath.Join(dir, "key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		enrolled, err := ca.Resume(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return enrolled
	}
	identities := ca.Client{URL: url, Name: "identity"}
	register := func(by string, r ca.Registration) error {
		_, err := identities.Register(t.Context(), registrar(by), r)
		return err
	}
	enroll := func(id, secret string) error {
		_, err := identities.Enroll(t.Context(), id, secret, "", nil)
		return err
	}
	once, err := identities.Register(t.Context(), registrar("identity"), ca.Registration{ID: "once", Type: "client"})
	if err != nil {
		t.Fatal(err)
	}
	if err := enroll("once", once); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		err  error
	}{
		{"a secret used twice", enroll("once", once)},
		{"a wrong secret", enroll("registrar", "guess")},
		{
			"an attribute that isn't ours to give",
			register("identity", ca.Registration{
				ID: "a", Type: "client",
				Attributes: []ca.Attribute{{Name: "clearance", Value: "all"}},
			}),
		},
		{"the right to revoke", register("identity",
			ca.Registration{
				ID: "b", Type: "client",
				Attributes: []ca.Attribute{{Name: "hf.Revoker", Value: "true"}},
			})},
		{"another registrar", register("identity",
			ca.Registration{
				ID: "c", Type: "client",
				Attributes: []ca.Attribute{{Name: "hf.Registrar.Roles", Value: "client"}},
			})},
		{"a type of our own", register("identity", ca.Registration{ID: "d", Type: "user"})},
		{"the TLS CA's registrar at the identity CA", register("tls", ca.Registration{ID: "e", Type: "client"})},
		{"a name that is taken", register("identity", ca.Registration{ID: "once", Type: "client"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !errors.Is(tt.err, ca.ErrRefused) {
				t.Errorf("got %v, want %v", tt.err, ca.ErrRefused)
			}
		})
	}
}

func bitcoinNodes(t *testing.T, n *networktest.Running) {
	t.Helper()
	if len(n.Connection.Bitcoin) != 2 {
		t.Fatalf("%d Bitcoin nodes, want 2", len(n.Connection.Bitcoin))
	}
	const somewhere = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080" // BIP-173's example key on regtest
	if err := errors.Join(n.Control.Stop(t.Context(), "btcd"), n.Control.Start(t.Context(), "btcd"),
		n.Control.Await(t.Context(), "btcd")); err != nil {
		t.Fatal(err) // before the first block nothing is lost
	}
	paid, err := n.Made.Fund(t.Context(), somewhere, 50_000)
	if err != nil || paid.Height < 102 || paid.TxID == "" {
		t.Fatalf("fund = %+v, %v", paid, err)
	}
	if err := n.Made.MineTo(t.Context(), somewhere); err != nil {
		t.Fatal(err)
	}
	first, second := n.Connection.Bitcoin[0], n.Connection.Bitcoin[1]
	eventually(t, "nodes are connected", func() error {
		var peers []any
		if err := rpc(t, first, "getpeerinfo", &peers); err != nil {
			return err
		}
		if len(peers) == 0 {
			return errors.New("no peers")
		}
		return nil
	})
	var mined []string
	if err := rpc(t, first, "generate", &mined, 3); err != nil {
		t.Fatal(err)
	}
	tipIs := func(b topology.BitcoinNode) func() error {
		return func() error {
			var tip string
			if err := rpc(t, b, "getbestblockhash", &tip); err != nil {
				return err
			}
			if tip != mined[2] {
				return fmt.Errorf("tip %s, want %s", tip, mined[2])
			}
			return nil
		}
	}
	eventually(t, "second node follows", tipIs(second))
	if err := errors.Join(n.Control.Kill(t.Context(), first.Name),
		n.Control.Await(t.Context(), first.Name)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "killed node has its chain", tipIs(first))
	keepsChain(t, n, tipIs(second))
	if err := n.Made.MineTo(t.Context(), "x\nrpcpass=known"); err == nil {
		t.Error("a line for the configuration was taken for an address")
	}
}

// keepsChain: no command stops the last nodes that have the chain, and mine-to restarts them one after another.
func keepsChain(t *testing.T, n *networktest.Running, stands func() error) {
	t.Helper()
	for name, stop := range map[string]func() error{
		"stop all":     func() error { _, err := n.Made.Stop(t.Context(), "all"); return err },
		"restart btcd": func() error { _, err := n.Made.Restart(t.Context(), time.Minute, "btcd"); return err },
		"kill btcd": func() error {
			_, err := n.Made.Kill(t.Context(), time.Minute, "@operator", "@manufacturer")
			return err
		},
	} {
		if err := stop(); !errors.Is(err, play.ErrChain) {
			t.Errorf("%s = %v, want %v", name, err, play.ErrChain)
		}
	}
	name := n.Connection.Bitcoin[1].Name
	if list, err := n.Made.Stop(t.Context(), name); err != nil || len(list) != 1 || list[0].State != node.Stopped {
		t.Errorf("stop of one = %v, %v", list, err)
	}
	if list, err := n.Made.Start(t.Context(), time.Minute, name); err != nil || len(list) != 1 ||
		list[0].State != node.Ready {
		t.Errorf("start of one = %v, %v", list, err)
	}
	eventually(t, "started node follows", stands)
	// BIP-173's P2WSH example on regtest
	const other = "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry"
	if err := n.Made.MineTo(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := stands(); err != nil {
		t.Errorf("after mine-to: %v", err)
	}
}

type login struct{ User, Password string }

func rpcLogin(t *testing.T, b topology.BitcoinNode) login {
	t.Helper()
	raw, err := os.ReadFile(b.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	var l login
	if err := json.Unmarshal(raw, &l); err != nil || l.Password == "" {
		t.Fatalf("%s: %v", b.Credentials, err)
	}
	return l
}

// rpc asks a node over TLS with its pinned certificate.
func rpc(t *testing.T, b topology.BitcoinNode, method string, into any, params ...any) error {
	t.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+b.RPC, bytes.NewReader(body))
	if err != nil {
		return err
	}
	l := rpcLogin(t, b)
	req.SetBasicAuth(l.User, l.Password)
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: pool(t, b.Certificate), MinVersion: tls.VersionTLS12},
	}
	resp, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Result json.RawMessage
		Error  any
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return fmt.Errorf("%s: %s: %w", method, raw, err)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: %v", method, answer.Error)
	}
	return json.Unmarshal(answer.Result, into)
}

// gone tells that a process has ended.
func gone(pid int) error {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil //nolint:nilerr // no such process: what was wanted
	}
	if _, rest, _ := strings.Cut(string(raw), ") "); strings.HasPrefix(rest, "Z") {
		return nil
	}
	return fmt.Errorf("process %d still runs", pid)
}

// mentioning lists the processes whose arguments or environment hold a path.
func mentioning(t *testing.T, path string) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, dir := range dirs {
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline")) // a process may end while we look
		environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
		if bytes.Contains(args, []byte(path)) || bytes.Contains(environ, []byte(path)) {
			found = append(found, filepath.Base(dir)+" "+string(bytes.ReplaceAll(args, []byte{0}, []byte{' '})))
		}
	}
	return found
}
