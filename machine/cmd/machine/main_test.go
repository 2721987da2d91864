package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	servers := `"gateway":{"url":"http://127.0.0.1:1","ca":""},"issuer":{"url":"http://127.0.0.1:1","ca":""},"registrar":{"url":"http://127.0.0.1:1","ca":""}`
	rest := `,"bundle":"","line":"mixer-1","tpm":"unix:` + dir +
		`/none","state":"state","bitcoin":{"network":"","rpc":"","certificate":"","credentials":"","birthday":0},"devices":[]}`
	good := write("machine.json", `{`+servers+rest)
	unknown := write("unknown.json", `{"speed":1,`+servers+rest)
	twice := write("twice.json", `{`+servers+`,"line":"x"`+rest)
	code := write("code", "secret")
	if err := os.Chmod(code, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		exit int
		want string // in what it prints
	}{
		{"help", []string{"help"}, 0, "machine buys licenses"},
		{"no arguments teach", nil, 0, "machine buys licenses"},
		{"version", []string{"--version"}, 0, "commit"},
		{"unknown command", []string{"sell"}, 2, `no command "sell"`},
		{"unknown flag", []string{"buy", "--price", "1"}, 2, "machine buy: unknown flag: --price"},
		{"buy without an offer", []string{"buy", "--config", good}, 2, "machine buy: --offer is needed"},
		{
			"use none",
			[]string{"use", "--config", good, "--license", "ab", "--count", "0"},
			2,
			"machine use: --count 0: 1 or more is expected",
		},
		{"verify without a file", []string{"verify", "--config", good}, 2, "machine verify FILE"},
		{
			"a bound below zero",
			[]string{"buy", "--config", good, "--offer", "x", "--at-most", "-1"},
			2,
			"--at-most -1",
		},
		{
			"verify a file that isn't there",
			[]string{"verify", "--config", good, dir + "/none.json"},
			2,
			"no such file",
		},
		{"a wallet's what", []string{"wallet", "--config", good, "seed"}, 2, "address or balance is expected"},
		{
			"a scope that is none",
			[]string{"token", "--config", good, "--scope", "admin"},
			2,
			"order or license is expected",
		},
		{
			"a token before enrollment",
			[]string{"token", "--config", good, "--scope", "order"},
			1,
			"machine.not_enrolled",
		},
		{"bad output", []string{"licenses", "--output", "xml"}, 2, "text or json"},
		{"no configuration", []string{"licenses", "--config", dir + "/none.json"}, 1, "machine.config"},
		{"an unknown key in the configuration", []string{"licenses", "--config", unknown}, 1, "machine.config"},
		{"a key twice in the configuration", []string{"licenses", "--config", twice}, 1, "machine.config"},
		{
			"a code that others can read",
			[]string{"enroll", "--config", good, "--code-file", code},
			1,
			"machine.config",
		},
		{"not enrolled", []string{"buy", "--config", good, "--offer", ledger.Hash("x")}, 1, "machine.not_enrolled"},
		{"no TPM", []string{"enroll", "--config", good}, 1, "runtime.tpm"},
		{"not an id", []string{"buy", "--config", good, "--offer", "x"}, 1, "id.malformed"},
		{"no such license", []string{"use", "--config", good, "--license", "abcd"}, 1, "machine.license"},
		{"no wallet", []string{"wallet", "--config", good}, 1, "machine.no_wallet"},
		{"doctor finds it", []string{"doctor", "--config", good}, 1, "FAIL  TPM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if got := run(t.Context(), tt.args, &out, &errs); got != tt.exit {
				t.Errorf("exit code %d, want %d", got, tt.exit)
			}
			if all := out.String() + errs.String(); !strings.Contains(all, tt.want) {
				t.Errorf("printed %q, want %q in it", all, tt.want)
			}
		})
	}
	t.Run("a refusal as JSON", func(t *testing.T) {
		var out, errs bytes.Buffer
		run(t.Context(), []string{"use", "--config", good, "--license", "abcd", "--output", "json"}, &out, &errs)
		var got ledger.Refusal
		if err := json.Unmarshal(errs.Bytes(), &got); err != nil || got.Code != "machine.license" || out.Len() > 0 {
			t.Errorf("printed %q and %q, %v; want the refusal on standard error alone", out.String(),
				errs.String(), err)
		}
	})
}
