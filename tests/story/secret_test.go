package story

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/tests/stage"
)

// secret is what must lie in one 0600 file and nowhere else.
type secret struct {
	file  string
	value []byte
}

// forms are the ways in which a secret could leak: raw, hex, base64.
func (s secret) forms() [][]byte {
	h := hex.EncodeToString(s.value)
	forms := [][]byte{s.value, []byte(h), []byte(strings.ToUpper(h))}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		forms = append(forms, []byte(e.EncodeToString(s.value)))
	}
	return forms
}

// TestSecretsStayHome looks for every generated secret in the arguments and environments of all processes, in
// all logs, and in the git tree. It comes last in this package, so that all stories have left what they leave.
func TestSecretsStayHome(t *testing.T) {
	secrets := generated(t)
	kinds := map[string]int{}
	for _, s := range secrets {
		kinds[filepath.Base(s.file)]++
		info, err := os.Stat(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", s.file, info.Mode().Perm())
		}
	}
	// A kind that isn't found means that this test looks at the wrong places.
	for kind, least := range map[string]int{
		"key.pem": 40, "bundle.key": 4, "treasury.seed": 3, "hpke.seed": 3, "grant.pem": 3, "keys.json": 1,
		"credentials.json": 2, "rpc.key": 2,
		"fabric-ca-server-config.yaml": 8, "mixer-1.tpm.seed": 1, "mixer-1.vtpm.seed": 1, "faucet.key": 1,
		"code": 2, "seed": 1, "IssuerSecretKey": 4,
		"tpm2-00.permall": 2,
	} {
		if kinds[kind] < least {
			t.Errorf("%d secrets in files named %s, want at least %d", kinds[kind], kind, least)
		}
	}
	t.Logf("%d secrets of %d kinds", len(secrets), len(kinds))
	places := map[string]func(*testing.T) map[string][]byte{"processes": processes, "logs": logs, "git": tracked}
	for name, read := range places {
		t.Run(name, func(t *testing.T) {
			where := read(t)
			for _, l := range leaks(where, secrets) {
				t.Error(l)
			}
			t.Logf("searched %d places", len(where))
		})
	}
}

// TestSecretSearchFinds plants a secret in each way and place: the search above is able to fail.
func TestSecretSearchFinds(t *testing.T) {
	planted := secret{file: "planted", value: []byte("a secret of 32 bytes, planted...")}
	for i, form := range planted.forms() {
		where := map[string][]byte{"somewhere": append(append([]byte("time=now level=INFO key="), form...), "\n"...)}
		if len(leaks(where, []secret{planted})) != 1 {
			t.Errorf("form %d goes unseen", i)
		}
	}
	if found := leaks(map[string][]byte{"somewhere": []byte("nothing")}, []secret{planted}); len(found) != 0 {
		t.Errorf("found in nothing: %v", found)
	}
	word := hex.EncodeToString(planted.value)
	c := exec.Command("sleep", "60")
	c.Args[0], c.Env = "sleep-"+word, []string{"PLANTED=" + word}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(c.Process.Kill(), c.Wait()) }()
	own := strconv.Itoa(c.Process.Pid)
	found := strings.Join(leaks(processes(t), []secret{planted}), "\n")
	for _, file := range []string{"cmdline", "environ"} {
		if !strings.Contains(found, filepath.Join("/proc", own, file)) {
			t.Errorf("the planted process's %s goes unseen: %s", file, found)
		}
	}
}

// leaks says where secrets are that shouldn't be there; it repeats none.
func leaks(where map[string][]byte, secrets []secret) []string {
	var found []string
	for place, raw := range where {
		for _, s := range secrets {
			for _, form := range s.forms() {
				if bytes.Contains(raw, form) {
					found = append(found, place+" shows the secret of "+s.file)
					break
				}
			}
		}
		if bytes.Contains(raw, []byte("PRIVATE KEY-----\nM")) && !strings.Contains(place, "testdata") {
			found = append(found, place+" shows a private key")
		}
	}
	return found
}

// generated collects all secrets of the network, its services, the machines and the makers of TPMs.
func generated(t *testing.T) []secret {
	t.Helper()
	var all []secret
	err := filepath.WalkDir(on.Dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a data base's file that was just replaced
		}
		if err != nil || !d.Type().IsRegular() || strings.Contains(path, "/data/") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		for _, value := range secretsIn(t, path, raw) {
			all = append(all, secret{path, value})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func secretsIn(t *testing.T, path string, raw []byte) [][]byte {
	t.Helper()
	name := filepath.Base(path)
	switch {
	case bytes.Contains(raw, []byte("PRIVATE KEY-----")):
		return privateKeys(t, path, raw)
	case strings.HasSuffix(name, ".seed"), name == "seed", name == "faucet.key", name == "IssuerSecretKey":
		return [][]byte{raw}
	case name == "code":
		return [][]byte{bytes.TrimSpace(raw)}
	case name == "tpm2-00.permall":
		return [][]byte{raw[:min(len(raw), 4096)]} // an emulator's whole memory: nobody else may read the file
	case name == "keys.json":
		var file struct {
			Keys []struct {
				Key []byte `json:"key"`
			} `json:"keys"`
		}
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
		var values [][]byte
		for _, k := range file.Keys {
			values = append(values, scalar(t, path, k.Key))
		}
		return values
	case name == "credentials.json", name == "btcd.conf", name == "fabric-ca-server-config.yaml":
		return passwords(raw)
	}
	return nil
}

// passwords are those of Bitcoin nodes and of the CAs' registrars.
func passwords(raw []byte) [][]byte {
	var values [][]byte
	for _, m := range regexp.MustCompile(
		`(?m)(?:"password":\s*"|^rpcpass=|^\s*pass: )([0-9A-Za-z+/=_-]{16,})`).FindAllSubmatch(raw, -1) {
		values = append(values, m[1])
	}
	return values
}

// privateKeys are the keys of a PEM file, each as the number that it is.
func privateKeys(t *testing.T, path string, raw []byte) [][]byte {
	t.Helper()
	var values [][]byte
	for {
		block, rest := pem.Decode(raw)
		if block == nil {
			return values
		}
		raw = rest
		if strings.Contains(block.Type, "PRIVATE KEY") {
			values = append(values, scalar(t, path, block.Bytes))
		}
	}
}

// scalar is the number that a private key is.
func scalar(t *testing.T, path string, der []byte) []byte {
	t.Helper()
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		raw, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsaKey, rsaErr := x509.ParsePKCS1PrivateKey(der); rsaErr == nil {
			return rsaKey.D.Bytes()
		}
		return der // a form of its own, as idemix has: its bytes are the secret
	}
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		raw, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	case *rsa.PrivateKey:
		return key.D.Bytes()
	}
	t.Fatalf("%s holds a key of type %T", path, key)
	return nil
}

// processes are arguments and environments of everything that runs on this machine; the network's own must be
// among it.
func processes(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		for _, name := range []string{"cmdline", "environ"} {
			// one that ends while we look tells nothing
			if raw, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				found[filepath.Join(dir, name)] = raw
			}
		}
	}
	list, err := on.Control.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		dir := filepath.Join("/proc", strconv.Itoa(p.PID))
		if p.PID != 0 && (len(found[filepath.Join(dir, "cmdline")]) == 0 ||
			found[filepath.Join(dir, "environ")] == nil) && !stage.Dead(p.PID) {
			t.Errorf("%s can't be looked into", p.Name)
		}
	}
	return found
}

// logs are what all processes said.
func logs(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for _, pattern := range []string{on.log, on.Net() + "/logs/*", on.Net() + "/*/bitcoin/logs/*/*", on.Dir +
		"/machines/*/tpm/swtpm.log"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no log like %s: %v", pattern, err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found[f] = raw
		}
	}
	return found
}

// tracked are the files that git keeps.
func tracked(t *testing.T) map[string][]byte {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "git", "-C", on.Root, "ls-files", "-z").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	found := map[string][]byte{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		raw, err := os.ReadFile(filepath.Join(on.Root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted in the work tree
		}
		if err != nil {
			t.Fatal(err)
		}
		found[name] = raw
	}
	if len(found) < 100 {
		t.Fatalf("git tracks %d files, want the project's", len(found))
	}
	return found
}
