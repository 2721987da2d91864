package fabric

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/network/home"
)

// partner lays out what a builder finds in a partner's folder, and a package that names the chaincode's hash.
func partner(t *testing.T) (b Builder, source, metadata string) {
	t.Helper()
	dir := t.TempDir()
	b = BuilderAt(filepath.Join(dir, "builder", "bin", "detect"))
	if want := filepath.Join(dir, "chaincode"); b.Chaincode != want {
		t.Fatalf("builder's folder = %s, want %s", b.Chaincode, want)
	}
	source, metadata = filepath.Join(dir, "source"), filepath.Join(dir, "metadata")
	for path, content := range map[string]string{
		filepath.Join(b.Chaincode, "chaincode"):          "the program",
		filepath.Join(b.Chaincode, "address"):            "127.0.0.1:1\n",
		filepath.Join(b.Chaincode, "server", "ca.pem"):   "root",
		filepath.Join(b.Chaincode, "client", "cert.pem"): "certificate",
		filepath.Join(b.Chaincode, "client", "key.pem"):  "key",
		filepath.Join(metadata, "metadata.json"):         `{"type":"ccaas","label":"guildmark_1.0"}`,
	} {
		if err := home.Put(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := SumFile(filepath.Join(b.Chaincode, "chaincode"))
	if err != nil {
		t.Fatal(err)
	}
	if err := home.Put(filepath.Join(source, hashFile), []byte(sum+"\n")); err != nil {
		t.Fatal(err)
	}
	return b, source, metadata
}

func TestBuilder(t *testing.T) {
	b, source, metadata := partner(t)
	output, release := t.TempDir(), t.TempDir()
	for step, args := range map[string][]string{"detect": {source, metadata}, "build": {source, metadata, output}} {
		if err := b.Run(step, args); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	if err := b.Run("build", []string{source, metadata, output}); err != nil {
		t.Fatal(err)
	}
	if err := b.Run("release", []string{output, release}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(release, "chaincode", "server", "connection.json")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("connection.json has mode %v, want 0600: it holds a key", got)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got connection
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := connection{
		Address: "127.0.0.1:1", DialTimeout: "10s", TLSRequired: true, ClientAuthRequired: true,
		RootCert: "root", ClientCert: "certificate", ClientKey: "key",
	}
	if got != want {
		t.Errorf("connection = %+v, want %+v", got, want)
	}
}

func TestBuilderRefuses(t *testing.T) {
	tests := []struct {
		name string
		step string
		harm func(t *testing.T, b Builder, source, metadata string)
	}{
		{"another program than the package names", "release", func(t *testing.T, b Builder, _, _ string) {
			t.Helper()
			write(t, filepath.Join(b.Chaincode, "chaincode"), "another program")
		}},
		{"no program", "release", func(t *testing.T, b Builder, _, _ string) {
			t.Helper()
			remove(t, filepath.Join(b.Chaincode, "chaincode"))
		}},
		{"no client certificate", "release", func(t *testing.T, b Builder, _, _ string) {
			t.Helper()
			remove(t, filepath.Join(b.Chaincode, "client", "cert.pem"))
		}},
		{"package of another type", "detect", func(t *testing.T, _ Builder, _, metadata string) {
			t.Helper()
			write(t, filepath.Join(metadata, "metadata.json"), `{"type":"golang","label":"x"}`)
		}},
		{"metadata that isn't JSON", "detect", func(t *testing.T, _ Builder, _, metadata string) {
			t.Helper()
			write(t, filepath.Join(metadata, "metadata.json"), `{`)
		}},
		{"package without a hash", "detect", func(t *testing.T, _ Builder, source, _ string) {
			t.Helper()
			remove(t, filepath.Join(source, hashFile))
		}},
		{"a step that isn't ours", "run", func(*testing.T, Builder, string, string) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, source, metadata := partner(t)
			output, release := t.TempDir(), t.TempDir()
			if err := b.Run("build", []string{source, metadata, output}); err != nil {
				t.Fatal(err)
			}
			tt.harm(t, b, source, metadata)
			args := map[string][]string{
				"detect": {source, metadata}, "release": {output, release},
				"run": {output, release},
			}[tt.step]
			if err := b.Run(tt.step, args); !errors.Is(err, ErrBuilder) {
				t.Errorf("%s = %v, want %v", tt.step, err, ErrBuilder)
			}
			if _, err := os.Stat(filepath.Join(release, "chaincode")); err == nil {
				t.Error("a connection was written all the same")
			}
		})
	}
	b, _, _ := partner(t)
	if err := b.Run("detect", nil); !errors.Is(err, ErrBuilder) {
		t.Errorf("detect without arguments = %v, want %v", err, ErrBuilder)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// The package id stands in all partners' approvals: it may change with the code's hash and the label only.
func TestPackageIsTheSameForAll(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	first, id, err := Package("guildmark_1.0", sum)
	if err != nil {
		t.Fatal(err)
	}
	const want = "guildmark_1.0:c6b565813ff6283f7c7323a7e839104b6a06aa4b046ef1cb2cc84d7afa818d81"
	if id != want {
		t.Errorf("id = %s, want %s", id, want)
	}
	again, _, err := Package("guildmark_1.0", sum)
	if err != nil || string(again) != string(first) {
		t.Errorf("packaged twice, got two packages (%v)", err)
	}
	if _, other, err := Package("guildmark_1.0", strings.Repeat("ac", 32)); err != nil || other == id {
		t.Errorf("another program has the same id (%v)", err)
	}
}
