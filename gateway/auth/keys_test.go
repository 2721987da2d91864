package auth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestKeyFile(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.folder, "keys.json")
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode: got %o, want 600", info.Mode().Perm())
	}
	must(t, os.Chmod(path, 0o640)) // #nosec G302 -- that is the test
	if _, err := OpenKeys(path, time.Now); err == nil {
		t.Fatal("a key file that others may read was taken")
	}
	busted := filepath.Join(w.folder, "busted.json")
	must(t, os.WriteFile(busted, []byte(`{"format":"guildmark/auth-keys/1","keys":[]}`), 0o600))
	if _, err := OpenKeys(busted, time.Now); err == nil {
		t.Fatal("a key file without keys was taken")
	}
}

// TestMaintain: a key gets old, and another process's rotation is noticed.
func TestMaintain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	now := time.Now()
	clock := func() time.Time { return now }
	a, err := OpenKeys(path, clock)
	must(t, err)
	first := a.newest().id
	must(t, a.Maintain())
	if a.newest().id != first {
		t.Fatal("a young key was rotated")
	}
	now = now.Add(keyAge + time.Hour)
	must(t, a.Maintain())
	second := a.newest().id
	if second == first || len(a.all()) != 2 {
		t.Fatal("an old key was not rotated")
	}
	b, err := OpenKeys(path, clock)
	must(t, err)
	must(t, b.Rotate())
	must(t, os.Chtimes(path, now, now.Add(time.Second)))
	must(t, a.Maintain())
	if a.newest().id != b.newest().id {
		t.Fatal("another process's rotation was not noticed")
	}
}

func TestAddresses(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		rec := w.do(httptest.NewRequest(http.MethodGet, path, nil))
		var m metadata
		must(t, json.Unmarshal(rec.Body.Bytes(), &m))
		if m.Issuer != issuer || m.TokenEndpoint != issuer+"/oauth/token" || len(m.Grants) != 1 ||
			len(m.AuthAlgorithms) != 1 {
			t.Fatalf("%s: got %+v", path, m)
		}
	}
	for _, path := range []string{
		"/authorize", "/callback", "/userinfo", "/revoke", "/oauth/introspect",
		"/device_authorization", "/end_session", "/healthz", "/",
	} {
		if rec := w.do(httptest.NewRequest(http.MethodGet, path, nil)); rec.Code != 404 {
			t.Errorf("%s: got %d, want 404", path, rec.Code)
		}
	}
	if rec := w.do(httptest.NewRequest(http.MethodGet, "/v1/health", nil)); rec.Code != 200 {
		t.Errorf("health: got %d", rec.Code)
	}
	rec := w.do(httptest.NewRequest(http.MethodGet, "/keys", nil))
	if strings.Contains(rec.Body.String(), `"d"`) || !strings.Contains(rec.Body.String(), `"crv":"P-256"`) {
		t.Fatalf("keys: %s", rec.Body)
	}
}

func FuzzKeyFile(f *testing.F) {
	f.Add([]byte(`{"format":"guildmark/auth-keys/1","keys":[]}`))
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = parseKeys(raw) })
}
