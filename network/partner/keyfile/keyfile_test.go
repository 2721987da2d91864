package keyfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/partner/keyfile"
)

func TestSecretsAreMadeOnceAndPrivate(t *testing.T) {
	dir := t.TempDir()
	seed, err := keyfile.Seed(filepath.Join(dir, "seed"), 32)
	if err != nil || len(seed) != 32 || bytes.Equal(seed, make([]byte, 32)) {
		t.Fatalf("first seed: %x, %v", seed, err)
	}
	again, err := keyfile.Seed(filepath.Join(dir, "seed"), 32)
	if err != nil || !bytes.Equal(seed, again) {
		t.Errorf("second read: %v, equal %v", err, bytes.Equal(seed, again))
	}
	key, err := keyfile.Signer(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := keyfile.Signer(filepath.Join(dir, "key.pem")); err != nil || !same.Equal(key) {
		t.Errorf("second read of the key: %v", err)
	}
	for _, name := range []string{"seed", "key.pem"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", name, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSecretsAreRefused(t *testing.T) {
	tests := []struct {
		name string
		raw  string
		mode os.FileMode
		want error
	}{
		{"readable by the group", "01234567890123456789012345678901", 0o640, host.ErrExposed},
		{"readable by all", "01234567890123456789012345678901", 0o604, host.ErrExposed},
		{"too short", "0123", 0o600, keyfile.ErrForm},
		{"empty", "", 0o600, keyfile.ErrForm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "seed")
			if err := os.WriteFile(path, []byte(tt.raw), tt.mode); err != nil {
				t.Fatal(err)
			}
			if _, err := keyfile.Seed(path, 32); !errors.Is(err, tt.want) {
				t.Errorf("Seed: error %v, want %v", err, tt.want)
			}
			if _, err := keyfile.Signer(path); err == nil {
				t.Error("Signer took it")
			}
		})
	}
}
