package home_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

func consortium(t *testing.T) topology.Topology {
	t.Helper()
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// A home remembers its partner, its addresses and the party ids that it gave.
func TestHomeRemembers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "operator")
	made, err := home.Create(dir, "operator", consortium(t), 12300)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.AddIdentity(topology.Identity{Name: "buyer9", Role: "buyer"}); err != nil {
		t.Fatal(err)
	}
	if err := made.AddIdentity(topology.Identity{Name: "buyer9", Role: "buyer"}); !errors.Is(err,
		topology.ErrInvalid) {
		t.Errorf("the same identity again: %v, want %v", err, topology.ErrInvalid)
	}
	h, err := home.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if h.Partner.MSP != "OperatorMSP" || h.Address("peer") != made.Address("peer") ||
		!strings.HasPrefix(h.Address("peer"), "127.0.0.1:123") {
		t.Errorf("opened %s at %s, made at %s", h.Partner.MSP, h.Address("peer"), made.Address("peer"))
	}
	seen := map[string]bool{}
	for _, id := range h.Partner.Identities {
		party := h.Party(id.Name)
		if party != made.Party(id.Name) || !strings.HasPrefix(party, "OperatorMSP.") || seen[party] {
			t.Errorf("party of %s: %q, was %q", id.Name, party, made.Party(id.Name))
		}
		seen[party] = true
	}
	if len(seen) != len(made.Partner.Identities) || h.Party("nobody") != "" {
		t.Errorf("%d parties for %d identities", len(seen), len(made.Partner.Identities))
	}
}

func TestHomeRefuses(t *testing.T) {
	top := consortium(t)
	dir := t.TempDir()
	if _, err := home.Create(filepath.Join(dir, "x"), "x", top, 12300); !errors.Is(err, home.ErrHome) {
		t.Errorf("a home of nobody: %v, want %v", err, home.ErrHome)
	}
	if _, err := home.Create(dir, "auditor", top, 12300); err != nil {
		t.Fatal(err)
	}
	if _, err := home.Create(dir, "auditor", top, 12300); !errors.Is(err, home.ErrHome) {
		t.Errorf("a home made twice: %v, want %v", err, home.ErrHome)
	}
	for name, text := range map[string]string{
		"another version": `{"version":9,"partner":"auditor"}`,
		"no JSON":         `{`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "partner.json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := home.Open(dir); !errors.Is(err, home.ErrHome) {
				t.Errorf("open = %v, want %v", err, home.ErrHome)
			}
		})
	}
	if _, err := home.Open(t.TempDir()); !errors.Is(err, home.ErrHome) {
		t.Errorf("an empty folder: %v, want %v", err, home.ErrHome)
	}
}

// Everything below a home is its owner's alone.
func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "operator")
	h, err := home.Create(dir, "operator", consortium(t), 12300)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.PublishIdentities(); err != nil {
		t.Fatal(err)
	}
	if err := home.Put(home.Key(h.Identity("governor")), []byte("key")); err != nil {
		t.Fatal(err)
	}
	if err := home.CopyProgram(home.Key(h.Identity("governor")),
		filepath.Join(h.Chaincode(), "chaincode")); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if open := info.Mode().Perm() & 0o077; open != 0 {
			t.Errorf("%s has mode %v", path, info.Mode().Perm())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A partner sees what it shows itself and what the others showed it; never a file of another home.
func TestOthersAreInTheInbox(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "operator")
	h, err := home.Create(dir, "operator", consortium(t), 12300)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := h.Of("operator").Card(), h.Public().Card(); got != want {
		t.Errorf("own card at %s, want %s", got, want)
	}
	for _, path := range []string{h.Of("auditor").TLSRoot(), h.From("auditor").Bundle("guildmark")} {
		if !strings.HasPrefix(path, home.InboxDir(dir)+"/auditor/") {
			t.Errorf("what the auditor showed lies at %s", path)
		}
	}
}
