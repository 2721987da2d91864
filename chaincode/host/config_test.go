package host_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

type config struct {
	Listen string  `json:"listen"`
	TLS    files   `json:"tls"`
	Buyers []buyer `json:"buyers"`
	Depth  int     `json:"depth,omitempty"`
}

type files struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

type buyer struct {
	Party string `json:"party"`
	Key   string `json:"key"`
}

const good = `{"listen": "127.0.0.1:1", "tls": {"certificate": "c", "key": "k"}, "buyers": [{"party": "p", "key": "k"}]}`

const all = "listen, tls, tls.certificate, tls.key, buyers, buyers[].party, buyers[].key, depth"

func TestReadConfig(t *testing.T) {
	for _, tt := range []struct {
		name, text, key string
		problem         string // a part of it; "" = the configuration is good
	}{
		{"good", good, "", ""},
		{"unknown key", strings.Replace(good, "listen", "lisen", 1), "lisen", "no such key; it knows " + all},
		{"other case", strings.Replace(good, "listen", "Listen", 1), "Listen", "no such key"},
		{"missing key", strings.Replace(good, `"listen": "127.0.0.1:1", `, "", 1), "listen", "missing"},
		{
			"missing key in an object", strings.Replace(good, `"certificate": "c", `, "", 1), "tls.certificate",
			"missing",
		},
		{"missing key with two places", strings.Replace(good, `, "key": "k"`, "", 1), "key", "missing"},
		{"key twice", strings.Replace(good, `{"listen"`, `{"listen": "x", "listen"`, 1), "listen", "twice"},
		{"another type", strings.Replace(good, `"127.0.0.1:1"`, "7", 1), "listen", "expected a string, got number"},
		{
			"a list for an object", strings.Replace(good, `{"certificate": "c", "key": "k"}`, "[]", 1), "tls",
			"expected an object, got array",
		},
		{
			"a fraction", strings.Replace(good, `{"listen"`, `{"depth": 1.5, "listen"`, 1), "depth",
			"expected a whole number",
		},
		{"null", strings.Replace(good, `"127.0.0.1:1"`, "null", 1), "", "null"},
		{"not JSON", "{\n  \"listen\": 127.0.0.1\n}", "", "line 2 is not JSON"},
		{"empty", "", "", "line 1 is not JSON"},
		{"two documents", good + good, "", "line 1 is not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "gateway.json")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var c config
			err := host.ReadConfig(path, &c)
			if tt.problem == "" {
				if err != nil || c.Buyers[0].Party != "p" {
					t.Errorf("ReadConfig: %+v, %v", c, err)
				}
				return
			}
			if _, ok := errors.AsType[*ledger.Refusal](err); !ok || !strings.Contains(err.Error(), "(document.") {
				t.Errorf("ReadConfig: error %v does not hold the decoder's refusal with its code", err)
			}
			got, ok := errors.AsType[*host.ConfigError](err)
			if !ok || got.File != path || got.Key != tt.key || !strings.Contains(got.Problem, tt.problem) {
				t.Errorf("ReadConfig: error %v, want key %q, %q", err, tt.key, tt.problem)
			}
		})
	}
}

func TestReadPrivateConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "partner.json")
	if err := os.WriteFile(path, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	var c config
	if err := host.ReadPrivateConfig(path, &c); !errors.Is(err, host.ErrExposed) {
		t.Errorf("readable by others: error %v, want %v", err, host.ErrExposed)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := host.ReadPrivateConfig(path, &c); err != nil {
		t.Error(err)
	}
	if err := host.ReadConfig(path+".none", &c); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error %v, want fs.ErrNotExist", err)
	}
}

func TestExpected(t *testing.T) {
	err := host.Expected("gateway.json", "tls.key", "an absolute path", "key.pem")
	const want = `configuration gateway.json, key "tls.key": expected an absolute path, got "key.pem"`
	if err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	log, err := host.Log(&out, "warn")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud")
	if strings.Contains(out.String(), "quiet") || !strings.Contains(out.String(), `"msg":"loud"`) {
		t.Errorf("log: %s", out.String())
	}
	if _, err := host.Log(&out, "loud"); err == nil || !strings.Contains(err.Error(), `got "loud"`) {
		t.Errorf("unknown level: error %v", err)
	}
}
