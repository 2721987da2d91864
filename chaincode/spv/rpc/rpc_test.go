package rpc

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/fixtures/bitcoin/regtest"
)

func open(t *testing.T, c Config) *Node {
	t.Helper()
	n, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// TestRealNode: every call on a btcd of one's own.
func TestRealNode(t *testing.T) {
	at := regtest.Start(t, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080") // BIP-173's example
	config := Config{RPC: at.RPC, Certificate: at.Certificate, Credentials: at.Credentials, Network: "regtest"}
	n := open(t, config)
	ctx := t.Context()
	if err := n.Check(ctx); err != nil {
		t.Fatal(err)
	}
	hashes, err := n.Generate(ctx, 5)
	if err != nil || len(hashes) != 5 {
		t.Fatalf("Generate: %v, %v", hashes, err)
	}
	if best, err := n.Best(ctx); err != nil || best != 5 {
		t.Errorf("Best: %d, %v; want 5", best, err)
	}
	if hash, ok, err := n.HashAt(ctx, 3); err != nil || !ok || hash != hashes[2] {
		t.Errorf("HashAt(3): %s, %v, %v; want %s", hash, ok, err, hashes[2])
	}
	if hash, ok, err := n.HashAt(ctx, 6); err != nil || ok {
		t.Errorf("HashAt(6): %s, %v, %v; want none", hash, ok, err)
	}
	block, err := n.Block(ctx, hashes[4])
	if err != nil || block.BlockHash() != hashes[4] || len(block.Transactions) != 1 {
		t.Errorf("Block: %v, %v", block, err)
	}
	if _, err := n.Block(ctx, chainhash.Hash{1}); codeOf(err) == 0 || errors.Is(err, ErrNode) {
		t.Errorf("Block of no hash: %v, want the node's own error", err)
	}
	headers(t, n, hashes)
	if err := n.Send(ctx, block.Transactions[0]); !errors.Is(err, ErrRejected) {
		t.Errorf("Send of a coinbase: %v, want %v", err, ErrRejected)
	}
	config.Network = "testnet4"
	other := open(t, config)
	if err := other.Check(ctx); !errors.Is(err, ErrNetwork) {
		t.Errorf("Check for testnet4: %v, want %v", err, ErrNetwork)
	}
	if _, err := other.Generate(ctx, 1); !errors.Is(err, ErrNetwork) {
		t.Errorf("Generate on testnet4: %v, want %v", err, ErrNetwork)
	}
	config.Network = "regtest"
	config.Credentials = filepath.Join(t.TempDir(), "credentials.json")
	if err := host.Create(config.Credentials, []byte(`{"user":"test","password":"a wrong one"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, config).Best(ctx); !errors.Is(err, ErrNode) ||
		!strings.Contains(err.Error(), "rejects user or password") {
		t.Errorf("with a wrong password: %v", err)
	}
	at.Kill()
	if _, err := n.Best(ctx); !errors.Is(err, ErrNode) {
		t.Errorf("of a dead node: %v, want %v", err, ErrNode)
	}
}

// headers wants both ways to ask for them to agree.
func headers(t *testing.T, n *Node, hashes []chainhash.Hash) {
	t.Helper()
	ctx := t.Context()
	genesis := *chaincfg.RegressionNetParams.GenesisHash
	all, err := n.Headers(ctx, genesis, 100)
	if err != nil || len(all) != len(hashes) {
		t.Fatalf("Headers: %d, %v; want %d", len(all), err, len(hashes))
	}
	one, err := n.headersOneByOne(ctx, genesis, 100)
	if err != nil || len(one) != len(hashes) {
		t.Fatalf("headersOneByOne: %d, %v; want %d", len(one), err, len(hashes))
	}
	for i := range all {
		if chainhash.DoubleHashH(all[i][:]) != hashes[i] || !bytes.Equal(all[i][:], one[i]) {
			t.Errorf("header %d: %x and %x, want the block %s", i, all[i], one[i], hashes[i])
		}
	}
	for _, tt := range []struct {
		name  string
		after chainhash.Hash
		limit int
		want  int
	}{{"limit", genesis, 2, 2}, {"newest", hashes[4], 10, 0}, {"unknown", chainhash.Hash{1}, 10, 0}} {
		all, err := n.Headers(ctx, tt.after, tt.limit)
		one, oneErr := n.headersOneByOne(ctx, tt.after, tt.limit)
		if err != nil || oneErr != nil || len(all) != tt.want || len(one) != tt.want {
			t.Errorf("%s: %d headers, %v; one by one %d, %v; want %d", tt.name, len(all), err, len(one), oneErr,
				tt.want)
		}
	}
}

// fake is a node that answers as a test wants.
func fake(t *testing.T, answer http.HandlerFunc) *Node {
	t.Helper()
	srv := httptest.NewUnstartedServer(answer)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	config := Config{
		RPC: strings.TrimPrefix(srv.URL, "https://"), Network: "regtest",
		Certificate: filepath.Join(dir, "cert.pem"), Credentials: filepath.Join(dir, "credentials.json"),
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := errors.Join(host.Create(config.Certificate, cert),
		host.Create(config.Credentials, []byte(`{"user":"u","password":"p"}`))); err != nil {
		t.Fatal(err)
	}
	return open(t, config)
}

func TestBadAnswers(t *testing.T) {
	const good = `{"jsonrpc":"2.0","id":0,"result":7}`
	for _, tt := range []struct {
		name   string
		status int
		body   string
		code   int   // of the node's own error
		want   error // nil: it is answered
	}{
		{"good", 200, good, 0, nil},
		{"good, 1.0", 200, `{"result":7,"error":null,"id":0}`, 0, nil},
		{"the node's error", 500, `{"result":null,"error":{"code":-28,"message":"Loading block index…"},"id":0}`, -28, nil},
		{
			"no such method", 404, `{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":0}`,
			methodNotFound, nil,
		},
		{"another call's", 200, strings.Replace(good, `"id":0`, `"id":1`, 1), 0, ErrNode},
		{"null", 200, strings.Replace(good, "7", "null", 1), 0, ErrNode},
		{"no result", 200, `{"id":0}`, 0, ErrNode},
		{"text", 200, strings.Replace(good, "7", `"7"`, 1), 0, ErrNode},
		{"a negative height", 200, strings.Replace(good, "7", "-1", 1), 0, ErrNode},
		{"a batch", 200, "[" + good + "]", 0, ErrNode},
		{"a page", 502, "<html>", 0, ErrNode},
		{"nothing", 200, "", 0, ErrNode},
		{"no right", 401, "401 Unauthorized.", 0, ErrNode},
		{"elsewhere", 302, "", 0, ErrNode},
		{"endless", 200, `{"id":0,"result":"` + strings.Repeat("a", maxAnswer) + `"}`, 0, ErrNode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := fake(t, func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				if user != "u" || password != "p" || r.Method != http.MethodPost {
					t.Errorf("the node got %s from %s, %s", r.Method, user, password)
				}
				w.Header().Set("Location", "https://elsewhere.example/")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			best, err := n.Best(t.Context())
			answered := tt.code == 0 && tt.want == nil
			if codeOf(err) != tt.code || tt.code == 0 && !errors.Is(err, tt.want) || answered && best != 7 {
				t.Errorf("Best: %d, %v; want code %d, %v", best, err, tt.code, tt.want)
			}
		})
	}
}

// TestWrongBlock: a block is the one that was asked for, and nothing more.
func TestWrongBlock(t *testing.T) {
	genesis := chaincfg.RegressionNetParams.GenesisBlock
	var b bytes.Buffer
	if err := genesis.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	text := hex.EncodeToString(b.Bytes())
	for _, tt := range []struct {
		name, text string
		ask        chainhash.Hash
		want       error
	}{
		{"good", text, genesis.BlockHash(), nil},
		{"another", text, chainhash.Hash{1}, ErrNode},
		{"more", text + "00", genesis.BlockHash(), ErrNode},
		{"less", text[:len(text)-2], genesis.BlockHash(), ErrNode},
		{"not hex", "zz", genesis.BlockHash(), ErrNode},
		{"empty", "", genesis.BlockHash(), ErrNode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := fake(t, func(w http.ResponseWriter,
				_ *http.Request,
			) {
				fmt.Fprintf(w, `{"id":0,"result":%q}`, tt.text)
			})
			if _, err := n.Block(t.Context(), tt.ask); !errors.Is(err, tt.want) {
				t.Errorf("Block: %v, want %v", err, tt.want)
			}
		})
	}
}

// TestKnownTransaction: both nodes' ways to say that they have it count as success.
func TestKnownTransaction(t *testing.T) {
	for _, tt := range []struct {
		code    int
		message string
		want    error
	}{
		{alreadyInChain, "transaction already in block chain", nil},
		{alreadyInChain, "Transaction outputs already in utxo set", nil},
		{txRejected, "TX rejected: already have transaction 0011", nil},
		{txRejected, "TX rejected: orphan transaction", ErrRejected},
		{-25, "missing inputs", ErrRejected},
	} {
		t.Run(tt.message, func(t *testing.T) {
			n := fake(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
				fmt.Fprintf(w, `{"id":0,"error":{"code":%d,"message":%q}}`, tt.code, tt.message)
			})
			if err := n.Send(t.Context(), wire.NewMsgTx(2)); !errors.Is(err, tt.want) {
				t.Errorf("Send: %v, want %v", err, tt.want)
			}
		})
	}
}

// TestBatch: a node may answer a batch in any order, but each call once.
func TestBatch(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       error
	}{
		{"in order", `[{"id":0,"result":10},{"id":1,"result":11}]`, nil},
		{"turned round", `[{"id":1,"result":11},{"id":0,"result":10}]`, nil},
		{"one twice", `[{"id":0,"result":10},{"id":0,"result":10}]`, ErrNode},
		{"one missing", `[{"id":0,"result":10}]`, ErrNode},
		{"one too many", `[{"id":0,"result":10},{"id":1,"result":11},{"id":2,"result":12}]`, ErrNode},
		{"one null", `[{"id":0,"result":10},{"id":1,"result":null}]`, ErrNode},
		{"not a batch", `{"id":0,"result":10}`, ErrNode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseBatch[int]([]byte(tt.body), 2)
			if !errors.Is(err, tt.want) || err == nil && (got[0] != 10 || got[1] != 11) {
				t.Errorf("parseBatch: %v, %v; want %v", got, err, tt.want)
			}
		})
	}
	if _, err := parseBatch[int]([]byte(`[{"id":0,"error":{"code":-8,"message":"no"}}]`),
		1); codeOf(err) != invalidParameter {
		t.Errorf("one failed: %v, want the node's error", err)
	}
}

// TestContextEnds: a call ends with its context, and says so.
func TestContextEnds(t *testing.T) {
	asked, end := make(chan struct{}), make(chan struct{})
	n := fake(t, func(http.ResponseWriter, *http.Request) { close(asked); <-end })
	defer close(end)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := n.Best(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, ErrNode) {
		t.Errorf("Best: %v, want %v", err, context.Canceled)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := n.Best(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Best: %v, want %v", err, context.DeadlineExceeded)
	}
}

// TestForeignCertificate: only the node's own certificate is accepted, whoever signed the other one.
func TestForeignCertificate(t *testing.T) {
	n := fake(t, func(http.ResponseWriter, *http.Request) { t.Error("the password went to a stranger") })
	other := regtest.Start(t, "")
	config := Config{
		RPC: strings.TrimPrefix(n.url, "https://"), Network: "regtest",
		Certificate: other.Certificate, Credentials: other.Credentials,
	}
	if _, err := open(t, config).Best(t.Context()); !errors.Is(err, ErrNode) {
		t.Errorf("Best: %v, want %v", err, ErrNode)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const secret = "a long secret"
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		want       error
	}{
		{"readable", `{"user":"u","password":"` + secret + `"}`, 0o640, host.ErrExposed},
		{"no password", `{"user":"u"}`, 0o600, nil},
		{"empty user", `{"user":"","password":"` + secret + `"}`, 0o600, nil},
		{"not JSON", secret, 0o600, nil},
		{"a number", `{"user":"u","password":1.5}`, 0o600, nil},
	} {
		_, err := Open(Config{Credentials: write(tt.name, tt.text, tt.mode), Network: "regtest"})
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	credentials := write("good", `{"user":"u","password":"p"}`, 0o600)
	if _, err := Open(Config{Credentials: credentials, Certificate: credentials, Network: "regtest"}); err == nil {
		t.Error("a certificate that is none was taken")
	}
	if _, err := Open(Config{Credentials: credentials, Network: "x"}); !errors.Is(err, spv.ErrNetwork) {
		t.Errorf("no such network: %v, want %v", err, spv.ErrNetwork)
	}
}

func TestErrorText(t *testing.T) {
	err := &Error{Code: -1, Message: "a\x1b[31m" + strings.Repeat("é", 500)}
	if text := err.Error(); strings.Contains(text, "\x1b") || len(text) > 340 {
		t.Errorf("error %q", text)
	}
}

// FuzzAnswer: whatever a node sends, the parsers return an error or a value, and never more than was asked
// for.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":0,"result":7}`, `{"id":0,"result":"` + strings.Repeat("0a", 32) + `"}`,
		`{"id":0,"error":{"code":-1,"message":"m"}}`,
		`[{"id":0,"result":1},{"id":1,"result":2}]`, `{"id":0,"result":["00"]}`, `null`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h spv.Height
		_ = parse(raw, &h)
		var hash text32
		_ = parse(raw, &hash)
		var list []bytesHex
		_ = parse(raw, &list)
		var block bytesHex
		if parse(raw, &block) == nil {
			if b, err := parseBlock(block, chainhash.DoubleHashH(block[:min(80, len(block))])); err == nil &&
				b.SerializeSize() != len(block) {
				t.Errorf("a block of %d bytes was read from %d", b.SerializeSize(), len(block))
			}
		}
		if got, err := parseBatch[json.RawMessage](raw, 2); err == nil && len(got) != 2 {
			t.Errorf("%d results of 2 calls", len(got))
		}
	})
}
